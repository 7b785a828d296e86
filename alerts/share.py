"""Share: the usual part of negative mentions, and how surprising a window's part is.

The usual share is an exponentially weighted mean over two weeks that ends a day before the window.
Real shares vary more than a coin's would (opinions come in flocks): the intra-class correlation
``rho`` is estimated by moments (Williams 1975, beta-binomial) and the surprise is -log10 of a
beta-binomial tail. See docs/alerts.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alerts.baseline import share_tail

_MEMORY = 336.0  # hours
_GAP = 24  # newest hours that are not learned
_PRIOR_SHARE, _PRIOR_MENTIONS = 0.25, 20.0
_PRIOR_RHO, _PRIOR_TRUST = 0.03, 200.0
_LEAST_RHO = 0.005
_CLIP = 0.25  # a window's share is learned as at most this much above the usual


@dataclass(frozen=True, slots=True)
class ShareWindow:
    """One window: ``negative`` of ``scored`` mentions, the usual share and its correlation.

    ``known`` counts the mentions that the usual share was learned from.
    """

    negative: int
    scored: int
    usual: float
    rho: float
    known: float

    @property
    def share(self) -> float:
        """The window's own share in 0..1; 0 when nothing is scored."""
        return self.negative / self.scored if self.scored else 0.0

    @property
    def surprise(self) -> float:
        """-log10 of the chance of as many negative ones among as many scored ones."""
        return share_tail(self.negative, self.scored, self.usual, self.rho)


def judge_share(negative: Sequence[int], scored: Sequence[int], *, width: int) -> list[ShareWindow]:
    """Return one window of ``width`` hours for every hour; both sequences are hourly."""
    keep = math.exp(-1 / _MEMORY)
    hits, total = _PRIOR_SHARE * _PRIOR_MENTIONS, _PRIOR_MENTIONS
    excess, trust = _PRIOR_RHO * _PRIOR_TRUST, _PRIOR_TRUST
    windows: list[ShareWindow] = []
    running_negative = running_scored = 0
    for index in range(len(scored)):
        out = index - width
        running_negative += negative[index] - (negative[out] if out >= 0 else 0)
        running_scored += scored[index] - (scored[out] if out >= 0 else 0)
        old = index - width + 1 - _GAP
        if old >= 0:
            usual = hits / total
            clipped = min(float(negative[old]), scored[old] * (usual + _CLIP))
            hits, total = hits * keep + clipped, total * keep + scored[old]
            past = windows[old]
            n = past.scored
            if n >= 2:
                seen = min(float(past.negative), n * (usual + _CLIP))
                binomial = n * usual * (1 - usual)
                # weight 1/n: the moment's own spread grows with n squared
                excess = excess * keep + ((seen - n * usual) ** 2 - binomial) / n
                trust = trust * keep + binomial * (n - 1) / n
        rho = max(_LEAST_RHO, excess / trust) if trust > 0 else _PRIOR_RHO
        known = total - _PRIOR_MENTIONS * keep ** max(0, old + 1)
        windows.append(
            ShareWindow(running_negative, running_scored, hits / total, min(rho, 0.5), known)
        )
    return windows
