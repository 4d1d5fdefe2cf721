{{/* What the schema cannot say: rules between values. All problems are reported together, each with the
way out. Included by deployment.yaml, which is always rendered. */}}
{{- define "grpc-service.validate" -}}
{{- $services := list "identity" "filing" "catalogue" "settlement" "benefits" "clearing" "supervision" -}}
{{- $problems := list -}}
{{- $name := include "grpc-service.fullname" . -}}
{{- if gt (len $name) 54 -}}
{{- $problems = append $problems (printf "name %q is %d characters long, more than 54: choose a shorter release name" $name (len $name)) -}}
{{- end -}}
{{- if gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas) -}}
{{- $problems = append $problems "autoscaling.minReplicas is above autoscaling.maxReplicas" -}}
{{- end -}}
{{- $routed := has .Values.service (list "settlement" "clearing") -}}
{{- if and $routed (not .Values.benefitsRoutes) -}}
{{- $problems = append $problems (printf "%s needs benefitsRoutes: at least \"*\": {}" .Values.service) -}}
{{- end -}}
{{- if and (not $routed) .Values.benefitsRoutes -}}
{{- $problems = append $problems (printf "benefitsRoutes is read by settlement and clearing only: remove it from %s" .Values.service) -}}
{{- end -}}
{{- if and .Values.keys.enabled (has .Values.service (list "identity" "settlement" "benefits")) (not .Values.keys.secret.indexKey) -}}
{{- $problems = append $problems (printf "keys.secret.indexKey: %s needs a blind-index key" .Values.service) -}}
{{- end -}}
{{- if and .Values.keys.enabled (has .Values.service (list "filing" "supervision")) .Values.keys.secret.indexKey -}}
{{- $problems = append $problems (printf "keys.secret.indexKey: %s reads none, set it to \"\"" .Values.service) -}}
{{- end -}}
{{- if hasKey .Values.callees .Values.service -}}
{{- $problems = append $problems (printf "callees.%s: a service does not call itself" .Values.service) -}}
{{- end -}}
{{- range $key, $callee := .Values.callees -}}
{{- if ne (empty $callee.target) (empty $callee.to) -}}
{{- $problems = append $problems (printf "callees.%s: set target and to together, or neither" $key) -}}
{{- end -}}
{{- end -}}
{{- range $key, $callee := .Values.benefitsRoutes -}}
{{- if ne (empty $callee.target) (empty $callee.to) -}}
{{- $problems = append $problems (printf "benefitsRoutes.%s: set target and to together, or neither" $key) -}}
{{- end -}}
{{- end -}}
{{- range $key, $caller := .Values.callers -}}
{{- if not (or $caller.from (eq $key "provinces") (has $key $services)) -}}
{{- $problems = append $problems (printf "callers.%s is no service of the mesh: say with `from` where it calls from" $key) -}}
{{- end -}}
{{- end -}}
{{- $owned := include "grpc-service.environment" . | fromYaml -}}
{{- range $key, $_ := .Values.settings -}}
{{- if or (hasKey $owned $key) (hasSuffix "_TARGET" $key) (hasSuffix "_FILE" $key) (eq $key "YIJIE_BENEFITS_ROUTES") -}}
{{- $problems = append $problems (printf "settings.%s: the chart sets it from callees, benefitsRoutes, database, keys or global" $key) -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "%s:\n  - %s" .Values.service (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}
