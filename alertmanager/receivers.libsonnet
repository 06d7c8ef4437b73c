// A receiver for each model's pages and one for its tickets. Secrets stand in files that Alertmanager reads.
local names = import 'names.libsonnet';
local notification = import 'notification.libsonnet';

function(arguments)
  local labels = arguments.catalogue.labels;

  // What a receiver of one model knows beside its own settings.
  local context(document, severity) = {
    local metadata = document.metadata,
    metadata: metadata,
    severity: severity,
    // Only whole addresses are links; a spec that names no Grafana and no runbooks has none.
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

  local kinds = {
    pagerduty(settings, about):: {
      routing_key_file: settings.routing_key_file,
      send_resolved: true,
      severity: about.severity,
      description: notification.title,
      class: '{{ .GroupLabels.' + labels.layer + ' }}',
      component: about.metadata.name,
      group: notification.literal(about.metadata.team),
      client: 'Leeway',
      [if about.links != [] then 'client_url']: about.links[0].url,
      links: [{ href: link.url, text: link.text } for link in about.links],
      details: about.details { Firing: notification.text },
    },
    slack(settings, about):: {
      api_url_file: settings.api_url_file,
      channel: notification.literal(settings.channel),
      send_resolved: true,
      title: notification.slack_title,
      [if about.links != [] then 'title_link']: about.links[0].url,
      text: notification.slack_text,
      actions: [
        { type: 'button', text: link.text, url: link.url }
        for link in about.links + [{ text: 'Silence', url: notification.silence(labels, about.metadata) }]
      ],
    },
    opsgenie(settings, about):: {
      api_key_file: settings.api_key_file,
      send_resolved: true,
      priority: if about.severity == 'critical' then 'P1' else 'P3',
      message: notification.title,
      description: notification.text,
      entity: about.metadata.name,
      [if about.links != [] then 'source']: about.links[0].url,
      details: about.details + { [link.text]: link.url for link in about.links },
    },
    email(settings, about):: {
      to: notification.literal(settings.to),
      send_resolved: true,
      headers: { Subject: notification.title },
    },
    webhook(settings, about):: {
      url: settings.url,
      send_resolved: true,
    },
  };

  local receiver(document, kind, severity) =
    local given = document.spec.alerting[kind];
    { name: names.receiver(document.metadata, kind) } + {
      [way + '_configs']: [kinds[way](given[way], context(document, severity))]
      for way in std.objectFieldsAll(kinds)
      if given[way] != null
    };

  // The hook, or Argo's events endpoint, whose WorkflowEventBinding starts nothing when an incident is over.
  local retrain(document) =
    local given = document.spec.alerting.retrain;
    local url = if given.hook != null then given.hook.url
    else given.argo.url + '/api/v1/events/' + given.argo.namespace + '/' + given.argo.event;
    local token = if given.hook != null then given.hook.token_file else given.argo.token_file;
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
      + (if alerting.retrain == null then [] else [retrain(document)]),
    arguments.models
  )
