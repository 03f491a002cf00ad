{{- /* The name of every resource: that of the release, with the chart's if it is not in there. */ -}}
{{- define "enms-simulator.name" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) }}{{ $name = printf "%s-%s" $name .Chart.Name }}{{ end -}}
{{- $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- /* What tells the pods of a component from all others: dict "root" $ "component" "api". */ -}}
{{- define "enms-simulator.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "enms-simulator.labels" -}}
{{ include "enms-simulator.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{- /* The component that answers HTTP. */ -}}
{{- define "enms-simulator.server" -}}
{{ .Values.cluster.enabled | ternary "api" "simulator" }}
{{- end -}}

{{- /* Not empty if clients from outside of the Kubernetes cluster can reach the service. */ -}}
{{- define "enms-simulator.exposure" -}}
{{- if .Values.ingress.enabled }}ingress.enabled
{{- else if ne .Values.service.type "ClusterIP" }}service.type {{ .Values.service.type }}
{{- end }}
{{- end -}}
