{{/* Rules between services. Included by NOTES.txt, which is rendered on every install and upgrade. */}}
{{- define "yijie.validate" -}}
{{- range $alias, $values := pick .Values "identity" "filing" "catalogue" "settlement" "benefits" "clearing" "supervision" -}}
{{- if ne $alias $values.service -}}
{{- fail (printf "%s.service is %q: an alias runs the service of its name" $alias $values.service) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.settlement.enabled .Values.clearing.enabled (ne (toJson .Values.settlement.benefitsRoutes) (toJson .Values.clearing.benefitsRoutes)) -}}
{{- fail "settlement.benefitsRoutes and clearing.benefitsRoutes differ: both ask the same insured provinces" -}}
{{- end -}}
{{- if and .Values.settlement.enabled (not .Values.benefits.enabled) -}}
{{- range $region, $callee := .Values.settlement.benefitsRoutes -}}
{{- if not $callee.target -}}
{{- fail (printf "settlement.benefitsRoutes.%s leads to benefits, which is off: set its target and to, or remove it with null" $region) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
