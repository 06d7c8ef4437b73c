// A receiver for the pages of each model, one for its tickets, and those that models share for outages. Secrets are in files that Alertmanager reads.
local names = import 'names.libsonnet';
local notification = import 'notification.libsonnet';
local sharing = import 'sharing.libsonnet';

function(arguments)
  local labels = arguments.catalogue.labels;

  // What a receiver needs to know about its model, in addition to its own settings.
  local context_of(document, severity) = {
    local metadata = document.metadata,
    severity: severity,
    texts: notification.of_model,
    component: metadata.name,
    team: notification.literal(metadata.team),
    silence: notification.silence(labels.model, metadata.name, labels.layer),
    // Links need complete URLs. A spec without the addresses of Grafana and runbooks has no links.
    links: [
      { text: 'Dashboard', annotation: 'dashboard_url', url: notification.annotation('dashboard_url') }
      for grafana in [metadata.grafana]
      if grafana != null
    ] + [
      { text: 'Runbook', annotation: 'runbook_url', url: notification.annotation('runbook_url') }
      for runbooks in [metadata.runbooks]
      if runbooks != null
    ],
    details: {
      Model: metadata.name,
      Team: notification.literal(metadata.team),
      Owner: notification.literal(metadata.owner),
    },
  };

  // The same of a receiver that models share: what differs between them is in the alerts.
  local shared_context(shared) =
    local owners = std.set([document.metadata.owner for document in shared.documents]);
    local texts = notification.of_models(labels.model), team = notification.common(labels.team);
    context_of(shared.documents[0], shared.severity) {
      texts: texts,
      component: texts.models,
      team: team,
      silence: notification.silence('alertname', '{{ .GroupLabels.alertname }}', labels.severity),
      details: { Models: texts.models, Team: team }
               + (if std.length(owners) == 1 then { Owner: notification.literal(owners[0]) } else {}),
    };

  local integrations = {
    pagerduty(settings, context):: {
      routing_key_file: settings.routing_key_file,
      send_resolved: true,
      severity: context.severity,
      description: context.texts.title,
      class: notification.common(labels.layer),
      component: context.component,
      group: context.team,
      client: 'Leeway',
      [if context.links != [] then 'client_url']: context.links[0].url,
      links: [{ href: link.url, text: link.text } for link in context.links],
      details: context.details { Firing: context.texts.text },
    },
    slack(settings, context):: {
      api_url_file: settings.api_url_file,
      channel: notification.literal(settings.channel),
      send_resolved: true,
      title: context.texts.slack_title,
      [if context.links != [] then 'title_link']: context.links[0].url,
      text: context.texts.slack_text,
      actions: [
        { type: 'button', text: link.text, url: link.url }
        for link in context.links + [{ text: 'Silence', url: context.silence }]
      ],
    },
    opsgenie(settings, context):: {
      api_key_file: settings.api_key_file,
      send_resolved: true,
      priority: if context.severity == 'critical' then 'P1' else 'P3',
      message: context.texts.title,
      description: context.texts.text,
      entity: context.component,
      [if context.links != [] then 'source']: context.links[0].url,
      details: context.details + { [link.text]: link.url for link in context.links },
    },
    email(settings, context):: {
      to: notification.literal(settings.to),
      send_resolved: true,
      headers: { Subject: context.texts.title },
      text: context.texts.text + notification.over,
      html: context.texts.html(context.links) + notification.over,
    },
    webhook(settings, context):: {
      url: settings.url,
      send_resolved: true,
    },
  };

  local receiver(name, settings, context) = { name: name } + {
    [integration + '_configs']: [integrations[integration](settings[integration], context)]
    for integration in std.objectFieldsAll(integrations)
    if settings[integration] != null
  };
  local model_receiver(document, kind) = receiver(
    names.receiver(document.metadata, kind),
    document.spec.alerting[kind],
    context_of(document, sharing.severities[kind])
  );

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
      (if alerting.page == null then [] else [model_receiver(document, 'page')])
      + (if alerting.ticket == null then [] else [model_receiver(document, 'ticket')])
      + (if alerting.retrain == null then [] else [retrain_receiver(document)]),
    arguments.models
  ) + [
    receiver(shared.name, shared.settings, shared_context(shared))
    for shared in sharing.receivers(arguments)
    if shared.settings != null
  ]
