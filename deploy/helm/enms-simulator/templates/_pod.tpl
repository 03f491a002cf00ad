{{- /* The metadata of a pod: dict "root" $ "component" "api". A change of the settings restarts it. */ -}}
{{- define "enms-simulator.pod-metadata" -}}
labels:
  {{- include "enms-simulator.labels" . | nindent 2 }}
annotations:
  checksum/settings: {{ include (print .root.Template.BasePath "/configuration.yaml") .root | sha256sum }}
  {{- if ne .component "worker" }}
  {{- with .root.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- end }}
{{- end -}}

{{- /* What all pods have in common, apart from their container and their volumes. */ -}}
{{- define "enms-simulator.pod" -}}
# The simulator stops within five seconds.
terminationGracePeriodSeconds: 10
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* A container: dict "root" $ "component" "api" "args" (list "run" "--cluster"). */ -}}
{{- define "enms-simulator.container" -}}
{{- $values := .root.Values -}}
name: {{ .component }}
image: {{ printf "%s:%s" $values.image.repository (default .root.Chart.AppVersion $values.image.tag) | quote }}
imagePullPolicy: {{ $values.image.pullPolicy }}
args: {{ toJson .args }}
envFrom:
  - configMapRef: { name: {{ include "enms-simulator.name" .root }} }
  {{- with $values.secret.name }}
  - secretRef: { name: {{ . }} }
  {{- end }}
{{- if include "enms-simulator.exposure" .root }}
env:
  # Named, so that a Secret without it stops the pod.
  - name: API_KEY
    valueFrom: { secretKeyRef: { name: {{ $values.secret.name }}, key: API_KEY } }
{{- end }}
{{- if ne .component "worker" }}
ports:
  - { name: http, containerPort: 8003 }
  {{- if not $values.settings.MQTT_HOST }}
  - { name: mqtt, containerPort: {{ include "enms-simulator.mqtt-port" .root }} }
  {{- end }}
# Reading a large registry takes a minute.
startupProbe:
  httpGet: { path: /health/live, port: http }
  periodSeconds: 5
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /health/live, port: http }
  periodSeconds: 15
  timeoutSeconds: 5
readinessProbe:
  httpGet: { path: /health/ready, port: http }
  periodSeconds: 5
{{- end }}
resources:
  {{- toYaml (eq .component "worker" | ternary $values.cluster.worker.resources $values.resources) | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
volumeMounts:
  {{- if ne .component "worker" }}
  - { name: data, mountPath: /data }
  {{- end }}
  - { name: tmp, mountPath: /tmp }
  {{- if $values.factory }}
  - { name: factory, mountPath: /factory, readOnly: true }
  {{- end }}
{{- end -}}

{{- /* The volumes that every pod has. */ -}}
{{- define "enms-simulator.volumes" -}}
- name: tmp
  emptyDir: {}
{{- if .Values.factory }}
- name: factory
  configMap: { name: {{ include "enms-simulator.name" . }}-factory }
{{- end }}
{{- end -}}

{{- define "enms-simulator.mqtt-port" -}}
{{ int (default 1883 .Values.settings.MQTT_PORT) }}
{{- end -}}
