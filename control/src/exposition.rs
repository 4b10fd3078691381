//! Samples as OpenMetrics text.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::{Kind, Sample};

/// The samples as one exposition, `# EOF` included.
pub(crate) fn exposition(samples: Vec<Sample>) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot(samples)));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

#[derive(Debug)]
struct Snapshot(Vec<Sample>);

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        // A family's samples must stand together, whatever the order they came in.
        let mut families: BTreeMap<String, Vec<&Sample>> = BTreeMap::new();
        for sample in &self.0 {
            families
                .entry(metric_name(&sample.name))
                .or_default()
                .push(sample);
        }
        for (name, samples) in families {
            let Some(first) = samples.first() else {
                continue;
            };
            let kind = match first.kind {
                Kind::Count => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
            };
            let mut family = encoder.encode_descriptor(&name, &first.help, None, kind)?;
            if first.labels.is_empty() {
                encode_value(first, family)?;
                continue;
            }
            for sample in samples {
                encode_value(sample, family.encode_family(&sample.labels)?)?;
            }
        }
        Ok(())
    }
}

fn encode_value(
    sample: &Sample,
    encoder: prometheus_client::encoding::MetricEncoder<'_>,
) -> Result<(), fmt::Error> {
    match sample.kind {
        Kind::Count => ConstCounter::new(sample.value).encode(encoder),
        Kind::Gauge => {
            ConstGauge::new(i64::try_from(sample.value).unwrap_or(i64::MAX)).encode(encoder)
        }
    }
}

/// OpenMetrics: names are of letters, digits and `_`.
fn metric_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    format!("dcx_{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_gauges_are_written_as_open_metrics() {
        let text = exposition(vec![
            Sample::new("engine.commands", "Commands applied", Kind::Count, 7),
            Sample::new("fix.up", "Session is logged on", Kind::Gauge, 1).with("session", "A"),
            Sample::new("engine.open", "Orders open", Kind::Gauge, 2),
            Sample::new("fix.up", "Session is logged on", Kind::Gauge, 0).with("session", "B\"\n"),
        ])
        .unwrap();
        assert_eq!(
            text,
            "# HELP dcx_engine_commands Commands applied\n\
             # TYPE dcx_engine_commands counter\n\
             dcx_engine_commands_total 7\n\
             # HELP dcx_engine_open Orders open\n\
             # TYPE dcx_engine_open gauge\n\
             dcx_engine_open 2\n\
             # HELP dcx_fix_up Session is logged on\n\
             # TYPE dcx_fix_up gauge\n\
             dcx_fix_up{session=\"A\"} 1\n\
             dcx_fix_up{session=\"B\\\"\\n\"} 0\n\
             # EOF\n"
        );
    }

    #[test]
    fn nothing_counted_is_a_whole_exposition() {
        assert_eq!(exposition(Vec::new()).unwrap(), "# EOF\n");
    }
}
