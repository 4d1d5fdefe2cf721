{{/* What the schema cannot say: rules between values. All problems are reported together, each with the
way out. Included by deployment.yaml, which is always rendered. */}}
{{- define "grpc-service.validate" -}}
{{- $services := list "identity" "filing" "catalogue" "settlement" "benefits" "clearing" "supervision" -}}
{{- $problems := list -}}
{{- $routes := include "grpc-service.routes" . | fromYaml -}}
{{- $callees := include "grpc-service.callees" . | fromYaml -}}
{{- $name := include "grpc-service.fullname" . -}}
{{- if gt (len $name) 54 -}}
{{- $problems = append $problems (printf "name %q is %d characters long, more than 54: choose a shorter release name" $name (len $name)) -}}
{{- end -}}
{{- if gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas) -}}
{{- $problems = append $problems "autoscaling.minReplicas is above autoscaling.maxReplicas" -}}
{{- end -}}
{{- if and (has .Values.service (list "settlement" "clearing")) (not $routes) -}}
{{- $problems = append $problems (printf "%s needs benefitsRoutes: at least \"*\": {}" .Values.service) -}}
{{- end -}}
{{- if and (not (has .Values.service (list "settlement" "clearing" "supervision"))) $routes -}}
{{- $problems = append $problems (printf "benefitsRoutes is read by settlement, clearing and supervision only: remove it from %s" .Values.service) -}}
{{- end -}}
{{- if and (not .Values.keys.enabled) (has .Values.service (list "identity" "filing" "settlement" "benefits" "supervision")) -}}
{{- $problems = append $problems (printf "keys.enabled is false: %s holds personal data and does not start without its keys" .Values.service) -}}
{{- end -}}
{{- if and .Values.keys.enabled (has .Values.service (list "catalogue" "clearing")) -}}
{{- $problems = append $problems (printf "keys.enabled is true: %s reads none, set it to false" .Values.service) -}}
{{- end -}}
{{- if and .Values.keys.enabled (has .Values.service (list "identity" "settlement" "benefits")) (not .Values.keys.secret.indexKey) -}}
{{- $problems = append $problems (printf "keys.secret.indexKey: %s needs a blind-index key" .Values.service) -}}
{{- end -}}
{{- if and .Values.keys.enabled (has .Values.service (list "filing" "supervision")) .Values.keys.secret.indexKey -}}
{{- $problems = append $problems (printf "keys.secret.indexKey: %s reads none, set it to \"\"" .Values.service) -}}
{{- end -}}
{{- $needed := dict
  "filing" (list "identity" "settlement")
  "settlement" (list "identity" "filing" "catalogue" "supervision")
  "clearing" (list "settlement")
  "supervision" (list "settlement" "identity" "filing" "clearing") -}}
{{- $optional := dict "settlement" (list "clearing") "supervision" (list "catalogue") -}}
{{- range $key := get $needed .Values.service | default list -}}
{{- if not (hasKey $callees $key) -}}
{{- $problems = append $problems (printf "callees.%s: %s does not start without it: write {}, or its target and to" $key $.Values.service) -}}
{{- end -}}
{{- end -}}
{{- $read := concat (get $needed .Values.service | default list) (get $optional .Values.service | default list) -}}
{{- range $key, $callee := $callees -}}
{{- if not (has $key $read) -}}
{{- $problems = append $problems (printf "callees.%s: %s does not call it: remove it" $key $.Values.service) -}}
{{- end -}}
{{- if ne (empty $callee.target) (empty $callee.to) -}}
{{- $problems = append $problems (printf "callees.%s: set target and to together, or neither" $key) -}}
{{- end -}}
{{- end -}}
{{- range $key, $callee := $routes -}}
{{- if ne (empty $callee.target) (empty $callee.to) -}}
{{- $problems = append $problems (printf "benefitsRoutes.%s: set target and to together, or neither" $key) -}}
{{- end -}}
{{- end -}}
{{- range $key, $caller := include "grpc-service.callers" . | fromYaml -}}
{{- if not (or $caller.from (eq $key "provinces") (has $key $services)) -}}
{{- $problems = append $problems (printf "callers.%s is no service of the mesh: say with `from` where it calls from" $key) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.database.secret.name (not .Values.database.to) -}}
{{- $problems = append $problems (printf "database.to: say where the database of Secret %s is, or only CloudNativePG's %s-pg can be reached" .Values.database.secret.name $name) -}}
{{- end -}}
{{- $required := get .Values.settings "YIJIE_SIGNATURES_REQUIRED" | default "off" -}}
{{- if and (ne $required "off") (not .Values.keys.secret.signatureKeys) -}}
{{- $problems = append $problems (printf "settings.YIJIE_SIGNATURES_REQUIRED is %s: keys.secret.signatureKeys has to name the directory of the keys that may sign" $required) -}}
{{- end -}}
{{- $tls := .Values.global.tls -}}
{{- if and $tls.issuer.name (ge (int (trimSuffix "h" $tls.renewBefore)) (int (trimSuffix "h" $tls.duration))) -}}
{{- $problems = append $problems "global.tls.renewBefore is not below global.tls.duration" -}}
{{- end -}}
{{- if and .Values.exposure.enabled (not .Values.global.tls.enabled) -}}
{{- $problems = append $problems "exposure.enabled: only with global.tls.enabled, or anybody could call" -}}
{{- end -}}
{{- if and .Values.exposure.enabled (not (include "grpc-service.callerBlocks" . | fromYaml).blocks) -}}
{{- $problems = append $problems "exposure.enabled: no caller comes from an ipBlock: name in `callers` the addresses that may connect" -}}
{{- end -}}
{{- if and (ne .Values.global.region.code "000000") (ne .Values.service "benefits") -}}
{{- $problems = append $problems (printf "global.region.code: a region runs benefits alone, and %s belongs to the hub, 000000" .Values.service) -}}
{{- end -}}
{{- if and (ne .Values.global.region.code "000000") (eq .Values.service "benefits") -}}
{{- $areas := get .Values.settings "YIJIE_POLICY_REGIONS" | default "" -}}
{{- if not $areas -}}
{{- $problems = append $problems (printf "settings.YIJIE_POLICY_REGIONS: not there, so that it would answer for every province: name the areas of %s" .Values.global.region.code) -}}
{{- end -}}
{{- range $area := splitList "," $areas | compact -}}
{{- if not (hasPrefix (substr 0 2 $.Values.global.region.code) (trim $area)) -}}
{{- $problems = append $problems (printf "settings.YIJIE_POLICY_REGIONS: %s is no area of %s: leave it out" (trim $area) $.Values.global.region.code) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $signatures := or .Values.keys.secret.signatureKey .Values.keys.secret.signatureKeys -}}
{{- if and $signatures (ne .Values.service "settlement") -}}
{{- $problems = append $problems (printf "keys.secret.signatureKey, signatureKeys: read by settlement only: remove them from %s" .Values.service) -}}
{{- end -}}
{{- if and (or .Values.keys.secret.checkpointKey .Values.keys.secret.checkpointKeys .Values.keys.secret.ruleKeys) (ne .Values.service "supervision") -}}
{{- $problems = append $problems (printf "keys.secret.checkpointKey, checkpointKeys, ruleKeys: read by supervision only: remove them from %s" .Values.service) -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "%s:\n  - %s" .Values.service (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}
