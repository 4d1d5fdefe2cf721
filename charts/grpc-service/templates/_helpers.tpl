{{/* Name of a service's objects: <release>-<service>. Dict: release, service. Never truncated, since
two truncated names could meet; _validate.tpl refuses a release name that is too long. */}}
{{- define "grpc-service.nameOf" -}}
{{- printf "%s-%s" .release .service -}}
{{- end -}}

{{- define "grpc-service.fullname" -}}
{{- include "grpc-service.nameOf" (dict "release" .Release.Name "service" .Values.service) -}}
{{- end -}}

{{/* What the probes ask for: yijie.settlement.v1.SettlementService. */}}
{{- define "grpc-service.grpcName" -}}
{{- printf "yijie.%s.v1.%sService" .Values.service (title .Values.service) -}}
{{- end -}}

{{/* Immutable selector. Dict: release, service, component. The component keeps the pods of the
migration Job out of the Service. */}}
{{- define "grpc-service.selector" -}}
app.kubernetes.io/name: {{ .service }}
app.kubernetes.io/instance: {{ .release }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "grpc-service.serverSelector" -}}
{{- include "grpc-service.selector" (dict "release" .Release.Name "service" .Values.service "component" "server") -}}
{{- end -}}

{{- define "grpc-service.migrationSelector" -}}
{{- include "grpc-service.selector" (dict "release" .Release.Name "service" .Values.service "component" "migration") -}}
{{- end -}}

{{/* Labels that every object has besides its selector. */}}
{{- define "grpc-service.commonLabels" -}}
app.kubernetes.io/part-of: yijie
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "grpc-service-%s" .Chart.Version }}
{{- end -}}

{{- define "grpc-service.labels" -}}
{{ include "grpc-service.serverSelector" . }}
{{ include "grpc-service.commonLabels" . }}
{{- end -}}

{{- define "grpc-service.migrationLabels" -}}
{{ include "grpc-service.migrationSelector" . }}
{{ include "grpc-service.commonLabels" . }}
{{- end -}}

{{/* Labels of pods: without versions, so that only a change of what runs rolls them. Argument: selector. */}}
{{- define "grpc-service.podLabels" -}}
{{ . }}
app.kubernetes.io/part-of: yijie
{{- end -}}

{{- define "grpc-service.image" -}}
{{- $image := .Values.global.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "grpc-service.databaseSecret" -}}
{{- .Values.database.secret.name | default (printf "%s-pg-app" (include "grpc-service.fullname" .)) -}}
{{- end -}}

{{- define "grpc-service.keysSecret" -}}
{{- .Values.keys.secret.name | default (printf "%s-keys" (include "grpc-service.fullname" .)) -}}
{{- end -}}

{{- define "grpc-service.tlsSecret" -}}
{{- .Values.tls.secret.name | default (printf "%s-tls" (include "grpc-service.fullname" .)) -}}
{{- end -}}

{{/* Whom the certificate names: a region's release runs the insured province's own benefits. */}}
{{- define "grpc-service.role" -}}
{{- ternary "hub" "benefits" (eq .Values.global.region.code "000000") -}}
{{- end -}}

{{/* Names by which callers check the server, as a YAML list: what targets say, the name of who it is
(the hub asks an insured province by that one, wherever it is), and the public ones. */}}
{{- define "grpc-service.dnsNames" -}}
{{- $service := printf "%s-headless" (include "grpc-service.fullname" .) -}}
{{- $names := list $service -}}
{{- range $suffix := list "" ".svc" ".svc.cluster.local" -}}
{{- $names = append $names (printf "%s.%s%s" $service $.Release.Namespace $suffix) -}}
{{- end -}}
{{- $identity := printf "%s.%s.yijie.internal" (include "grpc-service.role" .) .Values.global.region.code -}}
{{- concat $names (list $identity) .Values.tls.dnsNames | toYaml -}}
{{- end -}}

{{/* The callers, as a YAML map: without those taken away with null, and in a region's release without
the services of the hub, which run elsewhere. */}}
{{- define "grpc-service.callers" -}}
{{- $isHub := eq .Values.global.region.code "000000" -}}
{{- $callers := dict -}}
{{- range $name, $caller := .Values.callers -}}
{{- if and (kindIs "map" $caller) (or $isHub $caller.from (eq $name "provinces")) -}}
{{- $_ := set $callers $name $caller -}}
{{- end -}}
{{- end -}}
{{- toYaml $callers -}}
{{- end -}}

{{/* The routes, as a YAML map: without those taken away with null. */}}
{{- define "grpc-service.routes" -}}
{{- $routes := dict -}}
{{- range $region, $callee := .Values.benefitsRoutes -}}
{{- if kindIs "map" $callee -}}{{- $_ := set $routes $region $callee -}}{{- end -}}
{{- end -}}
{{- toYaml $routes -}}
{{- end -}}

{{/* The callees, as a YAML map: without those taken away with null. */}}
{{- define "grpc-service.callees" -}}
{{- $callees := dict -}}
{{- range $service, $callee := .Values.callees -}}
{{- if kindIs "map" $callee -}}{{- $_ := set $callees $service $callee -}}{{- end -}}
{{- end -}}
{{- toYaml $callees -}}
{{- end -}}

{{/* Peers of a caller, as a YAML list. Dict: root, name, caller. */}}
{{- define "grpc-service.callerPeers" -}}
{{- if .caller.from -}}
{{- toYaml .caller.from -}}
{{- else if eq .name "provinces" -}}
{{- toYaml .root.Values.global.provinces.from -}}
{{- else -}}
- podSelector:
    matchLabels:
      {{- include "grpc-service.selector" (dict "release" .root.Release.Name "service" .name "component" "server") | nindent 6 }}
{{- end -}}
{{- end -}}

{{/* The address blocks that callers come from, as {blocks: [cidr]}. */}}
{{- define "grpc-service.callerBlocks" -}}
{{- $blocks := list -}}
{{- range $name, $caller := include "grpc-service.callers" . | fromYaml -}}
{{- range $peer := include "grpc-service.callerPeers" (dict "root" $ "name" $name "caller" $caller) | fromYamlArray -}}
{{- with $peer.ipBlock -}}{{- $blocks = append $blocks .cidr -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- dict "blocks" (uniq $blocks | sortAlpha) | toYaml -}}
{{- end -}}

{{/* gRPC target of a callee. Dict: release, service, callee. Headless, so that round_robin sees every
pod; without a namespace, so that the first name tried by the resolver is the right one. */}}
{{- define "grpc-service.target" -}}
{{- if .callee.target -}}
{{- .callee.target -}}
{{- else -}}
{{- printf "dns:///%s-headless:50051" (include "grpc-service.nameOf" .) -}}
{{- end -}}
{{- end -}}

{{/* Keys that are mounted where the values name them, as a YAML list of variable, key and path. */}}
{{- define "grpc-service.moreKeys" -}}
{{- $secret := .Values.keys.secret -}}
{{- $items := list -}}
{{- range $variable, $key := dict
  "YIJIE_CHECKPOINT_KEY_FILE" $secret.checkpointKey
  "YIJIE_CHECKPOINT_KEYS_FILE" $secret.checkpointKeys
  "YIJIE_RULE_KEYS_FILE" $secret.ruleKeys
  "YIJIE_SIGNATURE_KEY_FILE" $secret.signatureKey
  "YIJIE_SIGNATURE_KEYS_FILE" $secret.signatureKeys -}}
{{- if $key -}}
{{- $path := $variable | trimPrefix "YIJIE_" | trimSuffix "_FILE" | lower -}}
{{- $items = append $items (dict "variable" $variable "key" $key "path" $path) -}}
{{- end -}}
{{- end -}}
{{- toYaml $items -}}
{{- end -}}

{{/* The environment of the server, as a YAML map. Paths of secrets, never secrets. */}}
{{- define "grpc-service.environment" -}}
{{- $env := dict
  "YIJIE_LISTEN" "0.0.0.0:50051"
  "YIJIE_METRICS_PORT" "9464"
  "YIJIE_PROBE_LISTEN" "0.0.0.0:50052"
  "YIJIE_DRAIN_DELAY_S" "3"
  "YIJIE_DRAIN_GRACE_S" "20"
  "YIJIE_DSN_FILE" "/run/secrets/yijie/dsn"
  "YIJIE_LOG_LEVEL" .Values.global.logLevel
  "YIJIE_OTLP_ENDPOINT" .Values.global.otlp.endpoint -}}
{{- if .Values.global.tls.enabled -}}
{{- $_ := set $env "YIJIE_TLS_CERT_FILE" "/run/secrets/yijie/tls/tls.crt" -}}
{{- $_ := set $env "YIJIE_TLS_KEY_FILE" "/run/secrets/yijie/tls/tls.key" -}}
{{- $_ := set $env "YIJIE_TLS_CA_FILE" "/run/secrets/yijie/tls/ca.crt" -}}
{{- else -}}
{{- $_ := set $env "YIJIE_INSECURE_LISTEN" "1" -}}
{{- end -}}
{{- if .Values.keys.enabled -}}
{{- $_ := set $env "YIJIE_DATA_KEY_FILE" "/run/secrets/yijie/data_key" -}}
{{- if .Values.keys.secret.indexKey -}}
{{- $_ := set $env "YIJIE_INDEX_KEY_FILE" "/run/secrets/yijie/index_key" -}}
{{- end -}}
{{- range $item := include "grpc-service.moreKeys" . | fromYamlArray -}}
{{- $_ := set $env $item.variable (printf "/run/secrets/yijie/%s" $item.path) -}}
{{- end -}}
{{- end -}}
{{- range $service, $callee := include "grpc-service.callees" . | fromYaml -}}
{{- $_ := set $env (printf "YIJIE_%s_TARGET" (upper $service)) (include "grpc-service.target" (dict "release" $.Release.Name "service" $service "callee" $callee)) -}}
{{- end -}}
{{- with include "grpc-service.routes" . | fromYaml -}}
{{- $routes := list -}}
{{- range $region, $callee := . -}}
{{- $target := include "grpc-service.target" (dict "release" $.Release.Name "service" "benefits" "callee" $callee) -}}
{{- $route := printf "%s=%s" $region $target -}}
{{- if $callee.timeoutSeconds -}}{{- $route = printf "%s;timeout_s=%v" $route $callee.timeoutSeconds -}}{{- end -}}
{{- if $callee.callsMax -}}{{- $route = printf "%s;calls_max=%v" $route $callee.callsMax -}}{{- end -}}
{{- if $callee.failuresMax -}}{{- $route = printf "%s;failures_max=%v" $route $callee.failuresMax -}}{{- end -}}
{{- if $callee.pauseSeconds -}}{{- $route = printf "%s;pause_s=%v" $route $callee.pauseSeconds -}}{{- end -}}
{{- $routes = append $routes $route -}}
{{- end -}}
{{- $_ := set $env "YIJIE_BENEFITS_ROUTES" (join "," $routes) -}}
{{- end -}}
{{- toYaml $env -}}
{{- end -}}

{{/* What the ConfigMap holds, and what the pods are rolled for. */}}
{{- define "grpc-service.configuration" -}}
{{- merge (include "grpc-service.environment" . | fromYaml) .Values.settings | toYaml -}}
{{- end -}}

{{/* Egress rule to a callee. Dict: release, service, callee. The port is that of the target, unless the
pods behind it listen on another. */}}
{{- define "grpc-service.egressRule" -}}
- to:
  {{- if .callee.to }}
    {{- toYaml .callee.to | nindent 4 }}
  {{- else }}
    - podSelector:
        matchLabels:
          {{- include "grpc-service.selector" (dict "release" .release "service" .service "component" "server") | nindent 10 }}
  {{- end }}
  ports:
    - {protocol: TCP, port: {{ .callee.port | default (include "grpc-service.target" . | regexFind "[0-9]+$") }}}
{{- end -}}

{{/* Egress that the server and its migration both need: the database and DNS. */}}
{{- define "grpc-service.egressBase" -}}
- to:
  {{- if .Values.database.to }}
    {{- toYaml .Values.database.to | nindent 4 }}
  {{- else }}
    - podSelector:
        matchLabels:
          cnpg.io/cluster: {{ include "grpc-service.fullname" . }}-pg
  {{- end }}
  ports:
    - {protocol: TCP, port: {{ .Values.database.port }}}
- to:
    {{- toYaml .Values.global.dns.to | nindent 4 }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end -}}

{{- define "grpc-service.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001                 # the secrets' files are readable by this group only
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "grpc-service.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "grpc-service.imagePullSecrets" -}}
{{- with .Values.global.image.pullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "grpc-service.databaseSecretSource" -}}
- secret:
    name: {{ include "grpc-service.databaseSecret" . | quote }}
    items:
      - {key: {{ .Values.database.secret.key | quote }}, path: dsn}
{{- end -}}
