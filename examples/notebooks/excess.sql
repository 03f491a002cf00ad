-- What each anomaly cost, with DuckDB. Make the data first, and run this in their folder:
--
--     enms-simulator generate --from 2025-01-01 --to 2025-02-01 --wide --out january
--     cd january && duckdb < excess.sql

-- %% Every reading with its labels, in one table
CREATE VIEW readings AS FROM read_parquet('wide/*.parquet', union_by_name = true);

-- %% What the columns are
SELECT name, value ->> 'unit' AS unit, value ->> 'description' AS description
FROM (
  SELECT unnest(json_keys(columns)) AS name, columns -> ('$."' || name || '"') AS value
  FROM (
    SELECT decode(value)::JSON AS columns FROM parquet_kv_metadata('wide/compressor.parquet')
    WHERE decode(key) = 'columns'
  )
);

-- %% A reading belongs to the last anomaly that began before it on the same machine. Its excess
-- energy: the sum of its readings, and what the answer key says
SELECT
  first(r.machine_name) AS machine,
  a.anomaly_type,
  strftime(a.started_at, '%Y-%m-%d') AS began,
  count(*) FILTER (r.anomaly) AS rows_labelled,
  round(sum(r.excess_energy_kwh), 3) AS excess_kwh,
  a.excess_energy_kwh AS key_kwh
FROM readings r
ASOF JOIN 'anomalies.parquet' a ON r.machine_id = a.machine_id AND r.time > a.started_at
GROUP BY a.id, a.anomaly_type, a.started_at, a.excess_energy_kwh
ORDER BY excess_kwh DESC;
