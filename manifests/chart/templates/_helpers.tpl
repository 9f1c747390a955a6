{{- define "repeer.image" -}}
{{- .Values.image.repository -}}
{{- if .Values.image.digest -}}@{{ .Values.image.digest }}{{- else -}}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end -}}
{{- end -}}

{{- /* Under failClosed pod creation depends on these pods: they must not lose their place to ordinary ones. */ -}}
{{- define "repeer.webhookPriority" -}}
{{- .Values.webhook.priorityClassName | default (.Values.failClosed.enabled | ternary "system-cluster-critical" "") -}}
{{- end -}}
