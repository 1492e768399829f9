"""The risk that a trial comes to nothing: what happened to closed trials like it, drawn towards the mean of all."""

from __future__ import annotations

import pandas as pd

#: What makes two trials alike.
ALIKE = ["device_class", "ears", "person_age_band"]

#: Closed trials that the mean of all weighs as much as: a group of 20 is believed by half.
_PRIOR_TRIALS = 20


def risks(closed: pd.DataFrame) -> pd.DataFrame:
    """Risk (0–1) by kind of trial. Grain: one kind. `closed`: ALIKE, `audio_trials_closed`, `audio_trials_fitted`."""
    of_kind = closed.groupby(ALIKE, as_index=False)[["audio_trials_closed", "audio_trials_fitted"]].sum()
    ended, fitted = of_kind["audio_trials_closed"], of_kind["audio_trials_fitted"]
    mean = 1 - fitted.sum() / ended.sum() if ended.sum() else 0.0
    return of_kind.assign(risk=(ended - fitted + mean * _PRIOR_TRIALS) / (ended + _PRIOR_TRIALS))


def ranked(under_way: pd.DataFrame, closed: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Trials under way, the riskiest first. Grain: one trial; adds `risk` (0–1) and `days` since it began."""
    known = risks(closed)
    overall = 1 - closed["audio_trials_fitted"].sum() / max(1, closed["audio_trials_closed"].sum())
    table = under_way.merge(known[[*ALIKE, "risk"]], on=ALIKE, how="left")
    table["risk"] = table["risk"].fillna(overall)
    table["days"] = (today - pd.to_datetime(table["started_on"])).dt.days
    return table.sort_values(["risk", "days"], ascending=False, ignore_index=True)
