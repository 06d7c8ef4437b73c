{{/* Each part is named after its program: `exporter` and `retrain-hook`. A helper takes a list: the root and the part. */}}

{{- define "leeway.name" -}}
{{ (index . 0).Release.Name }}-{{ index . 1 }}
{{- end }}

{{- define "leeway.selector" -}}
app.kubernetes.io/name: leeway-{{ index . 1 }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- end }}

{{- define "leeway.labels" -}}
{{ include "leeway.selector" . }}
app.kubernetes.io/part-of: leeway
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
{{- end }}

{{- define "leeway.account" -}}
{{ (index . 2).serviceAccount.name | default (include "leeway.name" .) }}
{{- end }}

{{- define "leeway.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What surrounds the container of a pod. The list has a third element: the values of the part. */}}
{{- define "leeway.pod" -}}
serviceAccountName: {{ include "leeway.account" . }}
automountServiceAccountToken: false # neither program asks the API server; identities of a cloud have tokens of their own
enableServiceLinks: false
{{- with (index . 0).Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with (index . 2).podSpec }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "leeway.restrictions" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- define "leeway.metadata" -}}
labels:
  {{- include "leeway.labels" . | nindent 2 }}
  {{- with (index . 2).podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- $models := (index . 0).Values.models }}
{{- if or $models (index . 2).podAnnotations }}
annotations:
  {{- with $models }}
  checksum/models: {{ toJson . | sha256sum }}
  {{- end }}
  {{- with (index . 2).podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The volume of a Secret: its name may have dots, and be that of another volume. */}}
{{- define "leeway.volume" -}}
secret-{{ . | replace "." "-" }}
{{- end }}

{{- define "leeway.mounts" -}}
- {name: models, mountPath: /etc/leeway/models, readOnly: true}
- {name: data, mountPath: /var/lib/leeway}
- {name: tmp, mountPath: /tmp}
{{- range $path, $secret := (index . 2).secrets }}
- {name: {{ include "leeway.volume" $secret }}, mountPath: {{ $path }}, readOnly: true}
{{- end }}
{{- end }}

{{- define "leeway.volumes" -}}
- name: models
  configMap: {name: {{ (index . 0).Release.Name }}-models}
- name: tmp
  emptyDir: {}
{{- range $secret := (index . 2).secrets | values | uniq | sortAlpha }}
- name: {{ include "leeway.volume" $secret }}
  secret: {secretName: {{ $secret }}, defaultMode: 288} # 0440
{{- end }}
{{- end }}

{{- define "leeway.claim" -}}
metadata:
  name: data
spec:
  accessModes: [ReadWriteOnce]
  {{- with (index . 2).storage.className }}
  storageClassName: {{ . }}
  {{- end }}
  resources: {requests: {storage: {{ (index . 2).storage.size }}}}
{{- end }}

{{- define "leeway.serviceaccount" -}}
{{- if not (index . 2).serviceAccount.name -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "leeway.name" . }}
  labels:
    {{- include "leeway.labels" . | nindent 4 }}
  {{- with (index . 2).serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
{{- end }}

{{- define "leeway.networkpolicy" -}}
{{- with (index . 0).Values.networkPolicy -}}
{{- if .enabled -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "leeway.name" $ }}
  labels:
    {{- include "leeway.labels" $ | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "leeway.selector" $ | nindent 6 }}
  policyTypes: [Ingress]
  ingress:
    - ports: [{port: {{ index $ 3 }}}]
      {{- with .from }}
      from:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}
{{- end }}
{{- end }}
