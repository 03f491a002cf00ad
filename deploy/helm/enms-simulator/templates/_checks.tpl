{{- /* Stops with every value that is valid alone and wrong beside the others. */ -}}
{{- define "enms-simulator.checks" -}}
{{- $faults := list -}}
{{- $settings := .Values.settings -}}
{{- range list "API_KEY" "DATABASE_URL" "MQTT_PASSWORD" "POSTGRES_PASSWORD" "REDIS_URL" -}}
{{- if hasKey $settings . -}}
{{- $faults = append $faults (printf "settings.%s is a secret: put it into a Secret, and its name into secret.name" .) -}}
{{- end -}}
{{- end -}}
{{- range list "API_HOST" "API_PORT" "API_LOCAL_ADDRESSES" "CLUSTER" "DATA_DIR" "ENMS_SIMULATOR_URL" "MQTT_BIND_HOST" -}}
{{- if hasKey $settings . -}}
{{- $faults = append $faults (printf "settings.%s has no place here: the chart or the image sets it, or nothing in the pod reads it" .) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.factory $settings.FACTORY_FILE -}}
{{- $faults = append $faults "factory and settings.FACTORY_FILE exclude each other: set one of them" -}}
{{- end -}}
{{- with include "enms-simulator.exposure" . -}}
{{- if not $.Values.secret.name -}}
{{- $faults = append $faults (printf "%s opens the API to others: create a Secret with an API_KEY, and set secret.name to its name" .) -}}
{{- end -}}
{{- end -}}
{{- if .Values.cluster.enabled -}}
{{- if not $settings.MQTT_HOST -}}
{{- $faults = append $faults "cluster.enabled needs a broker that all processes share: set settings.MQTT_HOST" -}}
{{- end -}}
{{- if not .Values.secret.name -}}
{{- $faults = append $faults "cluster.enabled needs a Secret with REDIS_URL and the password of the database: set secret.name to its name" -}}
{{- end -}}
{{- end -}}
{{- if $faults -}}
{{- fail (join "\n" (prepend $faults "")) -}}
{{- end -}}
{{- end -}}
