// A receiver for the pages of each model, and one for its tickets. Secrets are in files that Alertmanager reads.
local names = import 'names.libsonnet';
local notification = import 'notification.libsonnet';

function(arguments)
  local labels = arguments.catalogue.labels;

  // What a receiver needs to know about its model, in addition to its own settings.
  local context_of(document, severity) = {
    local metadata = document.metadata,
    metadata: metadata,
    severity: severity,
    // Links need complete URLs. A spec without the addresses of Grafana and runbooks has no links.
    links: [
      { text: 'Dashboard', url: notification.annotation('dashboard_url') }
      for grafana in [metadata.grafana]
      if grafana != null
    ] + [
      { text: 'Runbook', url: notification.annotation('runbook_url') }
      for runbooks in [metadata.runbooks]
      if runbooks != null
    ],
    details: {
      Model: metadata.name,
      Team: notification.literal(metadata.team),
      Owner: notification.literal(metadata.owner),
    },
  };

  local integrations = {
    pagerduty(settings, context):: {
      routing_key_file: settings.routing_key_file,
      send_resolved: true,
      severity: context.severity,
      description: notification.title,
      class: '{{ .GroupLabels.' + labels.layer + ' }}',
      component: context.metadata.name,
      group: notification.literal(context.metadata.team),
      client: 'Leeway',
      [if context.links != [] then 'client_url']: context.links[0].url,
      links: [{ href: link.url, text: link.text } for link in context.links],
      details: context.details { Firing: notification.text },
    },
    slack(settings, context):: {
      api_url_file: settings.api_url_file,
      channel: notification.literal(settings.channel),
      send_resolved: true,
      title: notification.slack_title,
      [if context.links != [] then 'title_link']: context.links[0].url,
      text: notification.slack_text,
      actions: [
        { type: 'button', text: link.text, url: link.url }
        for link in context.links + [{ text: 'Silence', url: notification.silence(labels, context.metadata) }]
      ],
    },
    opsgenie(settings, context):: {
      api_key_file: settings.api_key_file,
      send_resolved: true,
      priority: if context.severity == 'critical' then 'P1' else 'P3',
      message: notification.title,
      description: notification.text,
      entity: context.metadata.name,
      [if context.links != [] then 'source']: context.links[0].url,
      details: context.details + { [link.text]: link.url for link in context.links },
    },
    email(settings, context):: {
      to: notification.literal(settings.to),
      send_resolved: true,
      headers: { Subject: notification.title },
    },
    webhook(settings, context):: {
      url: settings.url,
      send_resolved: true,
    },
  };

  local receiver(document, kind, severity) =
    local settings = document.spec.alerting[kind];
    { name: names.receiver(document.metadata, kind) } + {
      [integration + '_configs']: [
        integrations[integration](settings[integration], context_of(document, severity)),
      ]
      for integration in std.objectFieldsAll(integrations)
      if settings[integration] != null
    };

  // The retraining hook, or the events endpoint of Argo. A resolved alert is not sent: it must start no workflow.
  local retrain_receiver(document) =
    local settings = document.spec.alerting.retrain;
    local argo = settings.argo;
    local url = if settings.hook != null then settings.hook.url
    else argo.url + '/api/v1/events/' + argo.namespace + '/' + argo.event;
    local token = if settings.hook != null then settings.hook.token_file else argo.token_file;
    {
      name: names.receiver(document.metadata, 'retrain'),
      webhook_configs: [{
        url: url,
        send_resolved: false,
        [if token != null then 'http_config']: { authorization: { credentials_file: token } },
      }],
    };

  [{ name: names.default }, { name: names.silent }] + std.flatMap(
    function(document)
      local alerting = document.spec.alerting;
      (if alerting.page == null then [] else [receiver(document, 'page', 'critical')])
      + (if alerting.ticket == null then [] else [receiver(document, 'ticket', 'warning')])
      + (if alerting.retrain == null then [] else [retrain_receiver(document)]),
    arguments.models
  )
