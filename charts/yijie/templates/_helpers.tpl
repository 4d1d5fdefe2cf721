{{/* Labels of objects that belong to no single service. */}}
{{- define "yijie.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: yijie
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "yijie-%s" .Chart.Version }}
{{- end -}}
