"""What each way to deploy needs: Kubernetes objects, AlertmanagerConfig, Argo, OpenSLO, merging."""
