//! Plots as files: SVG, and PNG with a font of our own, since machines that run tests often have none.

use std::fmt;
use std::sync::Once;

use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};
use quorate_checker::Outcome;

use super::{Plot, Series, Unit};
use crate::report::faults::FaultSpan;
use crate::report::trace::Trace;
use crate::time::{SECOND, show_duration};

const SIZE: (u32, u32) = (960, 320);
/// Colours that people with any kind of sight can tell apart (Okabe and Ito, "Color universal design",
/// 2008).
const BLUE: RGBColor = RGBColor(0, 114, 178);
const SKY: RGBColor = RGBColor(86, 180, 233);
const GREEN: RGBColor = RGBColor(0, 158, 115);
const PURPLE: RGBColor = RGBColor(204, 121, 167);
const ORANGE: RGBColor = RGBColor(230, 159, 0);
const VERMILION: RGBColor = RGBColor(213, 94, 0);
/// Two more, darker than all of those.
const OLIVE: RGBColor = RGBColor(117, 92, 20);
const GREY: RGBColor = RGBColor(90, 90, 90);
/// Done once for all plots: fonts are the library's own, and global.
static FONT: Once = Once::new();
const SHADE: RGBColor = RGBColor(120, 120, 120);

/// A plot could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw a plot: {0}")]
pub struct Undrawable(String);

impl Undrawable {
    fn new(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl Plot {
    /// The plot as an SVG document, with the faults of the trace shaded.
    ///
    /// # Errors
    /// If the library cannot draw it.
    pub fn svg(&self, trace: &Trace) -> Result<String, Undrawable> {
        let mut svg = String::new();
        self.draw(SVGBackend::with_string(&mut svg, SIZE), trace)?;
        Ok(svg)
    }

    /// The same as a PNG file, for what shows no SVG.
    ///
    /// # Errors
    /// If the library cannot draw it.
    pub fn png(&self, trace: &Trace) -> Result<Vec<u8>, Undrawable> {
        let (width, height) = SIZE;
        let mut pixels = vec![0; (3 * width * height) as usize];
        self.draw(BitMapBackend::with_buffer(&mut pixels, SIZE), trace)?;
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().map_err(Undrawable::new)?;
        writer.write_image_data(&pixels).map_err(Undrawable::new)?;
        writer.finish().map_err(Undrawable::new)?;
        Ok(file)
    }

    fn draw<B: DrawingBackend>(&self, backend: B, trace: &Trace) -> Result<(), Undrawable> {
        FONT.call_once(|| {
            // The library takes every font that can be read, and this one can.
            let _ = register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular());
        });
        let area = backend.into_drawing_area();
        self.draw_on(&area, trace).map_err(Undrawable::new)?;
        area.present().map_err(Undrawable::new)
    }

    fn draw_on<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, plotters::coord::Shift>,
        trace: &Trace,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        area.fill(&WHITE)?;
        let seconds = |time: i64| time as f64 / if trace.has_times { SECOND as f64 } else { 1.0 };
        let from = trace.operations.first().map_or(0, |operation| operation.from);
        let (from, to) = (seconds(from), seconds(trace.end).max(seconds(from) + 1e-9));
        // The legend has its own room, after the end.
        let to = to + (to - from) / 5.0;
        let (low, high) = self.range();
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(76)
            .build_cartesian_2d(from..to, low..high)?;
        let shades = trace.faults.iter().map(|span: &FaultSpan| {
            let corners = [(seconds(span.from), low), (seconds(span.to), high)];
            Rectangle::new(corners, SHADE.mix(0.18).filled())
        });
        chart.draw_series(shades)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .y_labels(6)
            .x_desc(if trace.has_times { "seconds" } else { "events" })
            .y_label_formatter(&|value| self.unit.label(*value))
            .draw()?;
        for (number, series) in self.series.iter().enumerate() {
            let before = &self.series[..number];
            let color =
                color(series, before.iter().filter(|s| s.outcome == series.outcome).count());
            let at = |(time, value): &(i64, Option<f64>)| {
                value.map(|value| (seconds(*time), self.unit.height(value)))
            };
            if series.is_line {
                // A line has a piece for each stretch without gaps.
                for piece in series.points.split(|(_, value)| value.is_none()) {
                    let line = LineSeries::new(piece.iter().filter_map(at), color.stroke_width(2));
                    chart.draw_series(line)?;
                }
            } else {
                let points = series.points.iter().filter_map(at);
                chart.draw_series(points.map(|at| Circle::new(at, 2, color.mix(0.6).filled())))?;
            }
            chart
                .draw_series(std::iter::empty::<Circle<(f64, f64), i32>>())?
                .label(&series.name)
                .legend(move |(x, y)| {
                    Rectangle::new([(x, y - 3), (x + 12, y + 3)], color.filled())
                });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.8))
            .draw()
    }

    /// From where to where the vertical axis goes.
    fn range(&self) -> (f64, f64) {
        let values = self.series.iter().flat_map(|series| &series.points);
        let heights = values.filter_map(|(_, value)| value.map(|value| self.unit.height(value)));
        let (low, high) = heights
            .fold((f64::MAX, f64::MIN), |(low, high), height| (low.min(height), high.max(height)));
        match self.unit {
            Unit::Share => (0.0, 1.02),
            Unit::Nanos if low <= high => (low.floor(), high + 0.15),
            Unit::Nanos => (0.0, 1.0),
            Unit::PerSecond | Unit::BytesPerSecond | Unit::Count => (0.0, (high * 1.05).max(1.0)),
            Unit::Offset => (low.min(0.0) * 1.05, (high.max(0.0) * 1.05).max(1.0)),
        }
    }
}

impl Unit {
    /// Where a value stands on the axis: durations by their decimal logarithm.
    fn height(self, value: f64) -> f64 {
        match self {
            Self::Nanos => libm::log10(value.max(1.0)),
            Self::PerSecond | Self::BytesPerSecond | Self::Share | Self::Count | Self::Offset => {
                value
            }
        }
    }

    /// What stands beside a height.
    fn label(self, height: f64) -> String {
        match self {
            Self::Nanos => show_duration(libm::pow(10.0, height).round() as u64),
            Self::PerSecond => format!("{height:.0}/s"),
            Self::BytesPerSecond if height >= 1e6 => format!("{:.1} MB/s", height / 1e6),
            Self::BytesPerSecond if height >= 1e4 => format!("{:.0} kB/s", height / 1e3),
            Self::BytesPerSecond => format!("{height:.0} B/s"),
            Self::Share => format!("{:.0} %", 100.0 * height),
            Self::Count => format!("{height:.0}"),
            Self::Offset => {
                let sign = if height < -0.5 { "−" } else { "" };
                format!("{sign}{}", show_duration(height.abs().round() as u64))
            }
        }
    }
}

/// The colour of an outcome; where one comes several times, a shade for each.
fn color(series: &Series, shade: usize) -> RGBColor {
    match series.outcome {
        None if series.stands_out => ORANGE,
        Some(Outcome::Ok) | None => [BLUE, SKY, GREEN, PURPLE, OLIVE, GREY][shade % 6],
        Some(Outcome::Info) => ORANGE,
        Some(Outcome::Fail) => VERMILION,
    }
}
