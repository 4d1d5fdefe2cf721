{{/* What the schema cannot say. Included by clusters.yaml, which is always rendered. */}}
{{- define "yijie-postgres.validate" -}}
{{- if .Values.hub -}}
{{- fail (printf "hub was renamed, since a region has databases too: write release: %s" .Values.hub) -}}
{{- end -}}
{{- if and .Values.backup.enabled (not .Values.backup.destinationPath) -}}
{{- fail "backup.enabled needs backup.destinationPath: an object store that outlives the clusters" -}}
{{- end -}}
{{- end -}}
