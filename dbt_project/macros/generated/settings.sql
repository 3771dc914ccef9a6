{#- Generated from propensity.yml by `propensity sync`; edit that file instead. -#}
{% macro generated_settings() -%}
{%- set content = {
  "identity_path": "_{tenant}.userId",
  "event_types": [
    {
      "type": "directMarketing.emailSent",
      "name": "direct_marketing_email_sent"
    },
    {
      "type": "directMarketing.emailOpened",
      "name": "direct_marketing_email_opened"
    },
    {
      "type": "directMarketing.emailClicked",
      "name": "direct_marketing_email_clicked"
    },
    {
      "type": "advertising.impressions",
      "name": "advertising_impressions"
    },
    {
      "type": "advertising.clicks",
      "name": "advertising_clicks"
    },
    {
      "type": "web.webpagedetails.pageViews",
      "name": "web_webpagedetails_page_views"
    },
    {
      "type": "web.webinteraction.linkClicks",
      "name": "web_webinteraction_link_clicks"
    },
    {
      "type": "web.formFilledOut",
      "name": "web_form_filled_out"
    },
    {
      "type": "commerce.productViews",
      "name": "commerce_product_views"
    },
    {
      "type": "commerce.purchases",
      "name": "commerce_purchases"
    },
    {
      "type": "decisioning.propositionDisplay",
      "name": "decisioning_proposition_display"
    },
    {
      "type": "decisioning.propositionInteract",
      "name": "decisioning_proposition_interact"
    },
    {
      "type": "decisioning.propositionDismiss",
      "name": "decisioning_proposition_dismiss"
    }
  ],
  "rates": [
    {
      "name": "email_opened_per_sent",
      "numerator": "direct_marketing_email_opened",
      "denominator": "direct_marketing_email_sent"
    },
    {
      "name": "email_clicked_per_opened",
      "numerator": "direct_marketing_email_clicked",
      "denominator": "direct_marketing_email_opened"
    },
    {
      "name": "ad_clicked_per_shown",
      "numerator": "advertising_clicks",
      "denominator": "advertising_impressions"
    }
  ],
  "session_timeout_minutes": 30,
  "channel_fields": [],
  "numeric_fields": [],
  "profile_attributes": [
    {
      "path": "_{tenant}.attributes.country",
      "name": "country",
      "kind": "category",
      "role": "attribute"
    },
    {
      "path": "_{tenant}.attributes.ageBand",
      "name": "age_band",
      "kind": "category",
      "role": "attribute"
    },
    {
      "path": "_{tenant}.attributes.loyaltyTier",
      "name": "loyalty_tier",
      "kind": "category",
      "role": "attribute"
    },
    {
      "path": "_{tenant}.attributes.emailOptOut",
      "name": "email_opt_out",
      "kind": "boolean",
      "role": "attribute"
    }
  ],
  "feature_models": [
    "feat_activity",
    "feat_events",
    "feat_rhythm",
    "feat_sessions"
  ],
  "use_cases": [
    {
      "name": "newsletter",
      "target_event": "web.formFilledOut",
      "repeatable": false,
      "look_back_days": 90,
      "gap_days": 0,
      "horizon_days": 14,
      "min_history_days": 7,
      "training_as_ofs": 6,
      "as_of_step_days": 7,
      "negative_keep": 1.0,
      "exclusions": [
        {
          "name": "opted_out",
          "when": "email_opt_out"
        }
      ],
      "audience": {
        "top_percent": 10.0
      }
    },
    {
      "name": "purchase",
      "target_event": "commerce.purchases",
      "repeatable": true,
      "look_back_days": 90,
      "gap_days": 0,
      "horizon_days": 21,
      "min_history_days": 7,
      "training_as_ofs": 6,
      "as_of_step_days": 7,
      "negative_keep": 1.0,
      "exclusions": [],
      "audience": {
        "top_percent": 5.0
      }
    }
  ]
} -%}
{{ return(content) }}
{%- endmacro %}
