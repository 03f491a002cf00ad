# %% [markdown]
# # What each anomaly cost, with pandas
# Make the data first, and run this where the folder `january` is, or set `DATASET`:
#
#     enms-simulator generate --from 2025-01-01 --to 2025-02-01 --resample 1m --wide --out january
#
# pandas needs pyarrow or fastparquet for Parquet; without them, add `--format csv`.

# %%
import os
from pathlib import Path

import pandas as pd

folder = Path(os.environ.get("DATASET", "january"))
csv = (folder / "machines.csv").exists()
read, ending = (pd.read_csv, "csv") if csv else (pd.read_parquet, "parquet")

# %% Every reading with its labels, in one frame
readings = pd.concat(map(read, sorted(folder.glob(f"wide/*.{ending}"))))

# %% The answer key
anomalies = read(folder / f"anomalies.{ending}")

# %% A reading belongs to the last anomaly that began before it on the same machine
for frame, time in (readings, "time"), (anomalies, "started_at"):
    frame[time] = pd.to_datetime(frame[time])
    frame["machine_id"] = frame["machine_id"].astype(str)
joined = pd.merge_asof(
    readings.sort_values("time"),
    anomalies.sort_values("started_at"),
    left_on="time",
    right_on="started_at",
    by="machine_id",
    allow_exact_matches=False,
    suffixes=("", "_key"),
)

# %% Its excess energy: the sum of its readings, and what the answer key says
costs = joined.groupby(joined["id"].astype(str).where(joined["id"].notna())).agg(
    machine=("machine_name", "first"),
    anomaly=("anomaly_type_key", "first"),
    began=("started_at", "first"),
    rows_labelled=("anomaly", "sum"),
    excess_kwh=("excess_energy_kwh", "sum"),
    key_kwh=("excess_energy_kwh_key", "first"),
)
costs["began"] = costs["began"].dt.strftime("%Y-%m-%d")
print(costs.sort_values("excess_kwh", ascending=False).round(3).to_string(index=False))

# %% As a chart, with matplotlib
# costs.plot.barh(x="anomaly", y="excess_kwh")

# %% How much of each part of the dataset is anomalous
print(readings.groupby("split")["anomaly"].mean())
