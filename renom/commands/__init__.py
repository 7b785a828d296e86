"""One file per command, thin: read the arguments, call the app, print the answer."""
