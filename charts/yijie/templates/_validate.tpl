{{/* Rules between services. Included by NOTES.txt, which is rendered on every install and upgrade. All
problems are reported together, each with the way out. */}}
{{- define "yijie.validate" -}}
{{- $services := list "identity" "filing" "catalogue" "settlement" "benefits" "clearing" "supervision" -}}
{{- $problems := list -}}
{{- range $alias := $services -}}
{{- $values := get $.Values $alias -}}
{{- if ne $alias $values.service -}}
{{- $problems = append $problems (printf "%s.service is %q: an alias runs the service of its name" $alias $values.service) -}}
{{- end -}}
{{- end -}}
{{- range $name := .Values.monitoring.prometheusRule.excludeRules -}}
{{- if not ($.Files.Get (printf "rules/%s.yaml" $name)) -}}
{{- $problems = append $problems (printf "monitoring.prometheusRule.excludeRules: there is no rules/%s.yaml to leave out" $name) -}}
{{- end -}}
{{- end -}}
{{- $code := .Values.global.region.code -}}
{{- if eq .Values.mode "hub" -}}
{{- if ne $code "000000" -}}
{{- $problems = append $problems (printf "global.region.code is %q: the hub is 000000; a region says mode: region" $code) -}}
{{- end -}}
{{- range $alias := list "clearing" "supervision" -}}
{{- $values := get $.Values $alias -}}
{{- if and $.Values.settlement.enabled $values.enabled (ne (toJson $.Values.settlement.benefitsRoutes) (toJson $values.benefitsRoutes)) -}}
{{- $problems = append $problems (printf "settlement.benefitsRoutes and %s.benefitsRoutes differ: both ask the same insured provinces" $alias) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.settlement.enabled (not .Values.benefits.enabled) -}}
{{- range $region, $callee := .Values.settlement.benefitsRoutes -}}
{{- if and (kindIs "map" $callee) (not $callee.target) -}}
{{- $problems = append $problems (printf "settlement.benefitsRoutes.%s leads to benefits, which is off: set its target and to, or remove it with null" $region) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $alias := $services -}}
{{- $values := get $.Values $alias -}}
{{- if $values.enabled -}}
{{- range $service, $callee := $values.callees -}}
{{- if and (kindIs "map" $callee) (not $callee.target) (not (get $.Values $service).enabled) -}}
{{- $problems = append $problems (printf "%s.callees.%s leads to %s, which is off: set its target and to, or remove it with null" $alias $service $service) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- if has $code (list nil "000000") -}}
{{- $problems = append $problems "global.region.code is 000000, the hub: name the province, or use its file of regions/ (`yijie region new CODE` writes one)" -}}
{{- end -}}
{{- if not .Values.benefits.enabled -}}
{{- $problems = append $problems "benefits.enabled is false: benefits is what a region runs" -}}
{{- end -}}
{{- range $alias := without $services "benefits" -}}
{{- if (get $.Values $alias).enabled -}}
{{- $problems = append $problems (printf "%s.enabled is true: it belongs to the hub, set it to false" $alias) -}}
{{- end -}}
{{- end -}}
{{- $outside := false -}}
{{- range $name, $caller := .Values.benefits.callers -}}
{{- if kindIs "map" $caller -}}{{- if $caller.from -}}{{- $outside = true -}}{{- end -}}{{- end -}}
{{- end -}}
{{- if not $outside -}}
{{- $problems = append $problems "benefits.callers: nobody may call; say with hub: {from: […]} where the hub calls from" -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "yijie:\n  - %s" (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}
