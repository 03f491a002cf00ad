# %% [markdown]
# # What each anomaly cost, with polars
# Make the data first, and run this where the folder `january` is, or set `DATASET`:
#
#     enms-simulator generate --from 2025-01-01 --to 2025-02-01 --wide --out january

# %%
import os
from pathlib import Path

import polars as pl

folder = Path(os.environ.get("DATASET", "january"))


def read(path: Path) -> pl.DataFrame:
    """A file with plain strings, so that frames of several files can be joined."""
    return pl.read_parquet(path).with_columns(pl.col(pl.Categorical).cast(pl.String))


# %% Every reading with its labels, in one frame
readings = pl.concat(map(read, sorted(folder.glob("wide/*.parquet"))), how="diagonal")

# %% The answer key
anomalies = read(folder / "anomalies.parquet")

# %% A reading belongs to the last anomaly that began before it on the same machine
joined = readings.sort("time").join_asof(
    anomalies.sort("started_at"),
    left_on="time",
    right_on="started_at",
    by="machine_id",
    allow_exact_matches=False,
    suffix="_key",
)

# %% Its excess energy: the sum of its readings, and what the answer key says
costs = (
    joined.filter(pl.col("id").is_not_null())
    .group_by("id")
    .agg(
        pl.col("machine_name").first(),
        pl.col("anomaly_type_key").first(),
        pl.col("started_at").first().dt.strftime("%Y-%m-%d"),
        pl.col("anomaly").sum().alias("rows_labelled"),
        pl.col("excess_energy_kwh").sum().round(3),
        pl.col("excess_energy_kwh_key").first(),
    )
    .sort("excess_energy_kwh", descending=True)
    .drop("id")
)
for row in costs.rows():
    print(*row)

# %% How much of each part of the dataset is anomalous
print(readings.group_by("split", maintain_order=True).agg(pl.col("anomaly").mean()))
