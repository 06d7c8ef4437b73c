"""The documents for each way to deploy: Kubernetes, AlertmanagerConfig, Argo, OpenSLO, a merged alertmanager.yml."""
