# What each anomaly cost, with nothing but base R. Make the data first, and run this where the
# folder january is, or set DATASET:
#
#     enms-simulator generate --from 2025-01-01 --to 2025-02-01 --resample 1m --wide --format csv --out january
#
# For Parquet, replace read.csv by arrow::read_parquet and the endings by .parquet.

# %%
folder <- Sys.getenv("DATASET", "january")
files <- Sys.glob(file.path(folder, "wide", "*.csv"))
columns <- c("time", "machine_id", "machine_name", "anomaly", "excess_energy_kwh", "split")

# %% The labels of every reading, in one frame
readings <- do.call(rbind, lapply(files, function(file) read.csv(file)[columns]))

# %% The answer key
anomalies <- read.csv(file.path(folder, "anomalies.csv"))

# %% A reading belongs to the last anomaly that began before it on the same machine
seconds <- function(text) as.numeric(as.POSIXct(text, "UTC", "%Y-%m-%dT%H:%M:%S"))
anomalies <- anomalies[order(anomalies$started_at), ]
readings$id <- NA
for (machine in unique(anomalies$machine_id)) {
  own <- anomalies[anomalies$machine_id == machine, ]
  rows <- readings$machine_id == machine
  last <- findInterval(seconds(readings$time[rows]), seconds(own$started_at), left.open = TRUE)
  readings$id[rows] <- c(NA, own$id)[last + 1]
}

# %% Its excess energy: the sum of its readings, and what the answer key says
costs <- aggregate(
  cbind(rows_labelled = anomaly, excess_kwh = excess_energy_kwh) ~ id + machine_name,
  transform(readings, anomaly = as.logical(anomaly)), sum
)
costs <- merge(costs, anomalies[c("id", "anomaly_type", "started_at", "excess_energy_kwh")])
costs <- costs[order(-costs$excess_kwh), ]
options(width = 120)
print(data.frame(
  machine = costs$machine_name,
  anomaly = costs$anomaly_type,
  began = substr(costs$started_at, 1, 10),
  rows_labelled = costs$rows_labelled,
  excess_kwh = round(costs$excess_kwh, 3),
  key_kwh = costs$excess_energy_kwh
), row.names = FALSE, digits = 10)

# %% As a chart
# barplot(costs$excess_kwh, names.arg = costs$anomaly_type)

# %% How much of each part of the dataset is anomalous
print(tapply(as.logical(readings$anomaly), readings$split, mean))
