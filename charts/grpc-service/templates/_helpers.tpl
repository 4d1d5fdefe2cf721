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

{{/* gRPC target of a callee. Dict: release, service, callee. Headless, so that round_robin sees every
pod; without a namespace, so that the first name tried by the resolver is the right one. */}}
{{- define "grpc-service.target" -}}
{{- if .callee.target -}}
{{- .callee.target -}}
{{- else -}}
{{- printf "dns:///%s-headless:50051" (include "grpc-service.nameOf" .) -}}
{{- end -}}
{{- end -}}

{{/* The environment of the server, as a YAML map. Paths of secrets, never secrets. */}}
{{- define "grpc-service.environment" -}}
{{- $env := dict
  "YIJIE_LISTEN" "0.0.0.0:50051"
  "YIJIE_METRICS_PORT" "9464"
  "YIJIE_DRAIN_DELAY_S" "3"
  "YIJIE_DRAIN_GRACE_S" "20"
  "YIJIE_DSN_FILE" "/run/secrets/yijie/dsn"
  "YIJIE_LOG_LEVEL" .Values.global.logLevel
  "YIJIE_OTLP_ENDPOINT" .Values.global.otlp.endpoint -}}
{{- if .Values.keys.enabled -}}
{{- $_ := set $env "YIJIE_DATA_KEY_FILE" "/run/secrets/yijie/data_key" -}}
{{- if .Values.keys.secret.indexKey -}}
{{- $_ := set $env "YIJIE_INDEX_KEY_FILE" "/run/secrets/yijie/index_key" -}}
{{- end -}}
{{- if .Values.keys.secret.ruleKeys -}}
{{- $_ := set $env "YIJIE_RULE_KEYS_FILE" "/run/secrets/yijie/rule_keys" -}}
{{- end -}}
{{- end -}}
{{- range $service, $callee := .Values.callees -}}
{{- $_ := set $env (printf "YIJIE_%s_TARGET" (upper $service)) (include "grpc-service.target" (dict "release" $.Release.Name "service" $service "callee" $callee)) -}}
{{- end -}}
{{- if .Values.benefitsRoutes -}}
{{- $routes := list -}}
{{- range $region, $callee := .Values.benefitsRoutes -}}
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

{{/* Egress rule to a callee. Dict: release, service, callee. */}}
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
    - {protocol: TCP, port: {{ .callee.port | default 50051 }}}
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
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "grpc-service.databaseSecretSource" -}}
- secret:
    name: {{ include "grpc-service.databaseSecret" . }}
    items:
      - {key: {{ .Values.database.secret.key }}, path: dsn}
{{- end -}}
