"""Demo: a fictional world on 127.0.0.1, crawled, understood, alerted and shown for real."""
