# %% [markdown]
# # What each anomaly cost, with DuckDB in Python
# Make the data first, and run this where the folder `january` is, or set `DATASET`:
#
#     enms-simulator generate --from 2025-01-01 --to 2025-02-01 --wide --out january

# %%
import os

import duckdb

folder = os.environ.get("DATASET", "january")
duckdb.sql("SET TimeZone = 'UTC'")

# %% Every reading with its labels, in one relation
readings = duckdb.read_parquet(f"{folder}/wide/*.parquet", union_by_name=True)

# %% The answer key
anomalies = duckdb.read_parquet(f"{folder}/anomalies.parquet")

# %% A reading belongs to the last anomaly that began before it on the same machine. Its excess
# energy: the sum of its readings, and what the answer key says
costs = duckdb.sql("""
    SELECT
      first(r.machine_name), a.anomaly_type, strftime(a.started_at, '%Y-%m-%d'),
      count(*) FILTER (r.anomaly),
      round(sum(r.excess_energy_kwh), 3) AS excess_kwh, a.excess_energy_kwh AS key_kwh
    FROM readings r
    ASOF JOIN anomalies a ON r.machine_id = a.machine_id AND r.time > a.started_at
    GROUP BY a.id, a.anomaly_type, a.started_at, a.excess_energy_kwh
    ORDER BY excess_kwh DESC
""")
for row in costs.fetchall():
    print(*row)

# %% How much of each part of the dataset is anomalous
print(duckdb.sql("SELECT split, avg(anomaly::INT) FROM readings GROUP BY split").fetchall())
