//! Label scales of the demonstration: simulated ones that speak the real bytes, one for each maker's protocol in use.

use devices::label_scale::{self, Timing, Wire};
use devices::sim::label_scale::{LabelScaleHandle, LabelScaleKind, LabelScaleSettings};
use scales::keeper::ScaleSettings;

const SCALES: [(&str, &str, LabelScaleKind, Wire); 2] = [
    ("cheese", "shtrih-print", LabelScaleKind::ShtrihPrint, Wire::Datagram),
    ("vegetables", "massak-vpm", LabelScaleKind::MassakVpm, Wire::Tcp),
];

/// The scales of one store. The devices live as long as the settings.
pub(super) fn of_store() -> Vec<ScaleSettings> {
    let scale = |(name, protocol, kind, wire): (&str, &str, _, _)| {
        let device = LabelScaleHandle::new(kind, LabelScaleSettings::default());
        Some(ScaleSettings {
            name: name.to_owned(),
            department: String::new(),
            protocol: label_scale::find(protocol)?,
            address: "memory".to_owned(),
            connector: device.connector(wire),
            password: None,
            articles_per_second_max: None,
            timing: Timing::default(),
        })
    };
    SCALES.into_iter().filter_map(scale).collect()
}
