{{- define "syncrobot.name" -}}
{{- if contains "syncrobot" .Release.Name -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{- else -}}{{ printf "%s-syncrobot" .Release.Name | trunc 50 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{- define "syncrobot.selector" -}}
app.kubernetes.io/name: syncrobot
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "syncrobot.labels" -}}
{{ include "syncrobot.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- /* bot.yaml: the values' config, and what the chart knows better. */ -}}
{{- define "syncrobot.config" -}}
{{- $r := .Values.redis -}}
{{- $redis := dict -}}
{{- $given := 0 -}}
{{- if $r.bundled.enabled -}}
{{- $redis = dict "url" (printf "redis://%s-redis:6379/0" (include "syncrobot.name" .)) -}}
{{- $given = add1 $given -}}
{{- end -}}
{{- if $r.url }}{{- $redis = dict "url" $r.url -}}{{- $given = add1 $given -}}{{- end -}}
{{- if $r.sentinel }}{{- $redis = dict "sentinel" $r.sentinel -}}{{- $given = add1 $given -}}{{- end -}}
{{- if $r.cluster }}{{- $redis = dict "cluster" $r.cluster -}}{{- $given = add1 $given -}}{{- end -}}
{{- if ne (int $given) 1 }}{{ fail "give exactly one of redis.url, redis.sentinel, redis.cluster and redis.bundled.enabled" }}{{ end -}}
{{- $vault := mustMergeOverwrite (dict) (.Values.config.vault | default dict) (dict "dir" "/etc/syncrobot/vault") -}}
{{- $logs := mustMergeOverwrite (dict) (.Values.config.session_logs | default dict) (dict "dir" "/var/lib/syncrobot") -}}
{{- mustMergeOverwrite (dict) .Values.config (dict "listen" "0.0.0.0:8080" "admin" "0.0.0.0:9090" "redis" $redis "vault" $vault "session_logs" $logs) | toYaml -}}
{{- end -}}
