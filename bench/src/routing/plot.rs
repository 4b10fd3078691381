//! Plots as SVG, without fonts or scripts of their own.

use plotters::prelude::*;

use super::RoutingError;

/// A plot's size in pixels.
const SIZE: (u32, u32) = (760, 380);

/// Colours that are told apart on white, also by most who do not see all colours (Okabe & Ito).
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(120, 120, 120),
    RGBColor(0, 0, 0),
];

/// A line with its name.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// What stands around the lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
}

/// Draws lines over a common axis.
pub(super) fn lines(frame: Frame<'_>, lines: &[Line]) -> Result<String, RoutingError> {
    let mut svg = String::new();
    draw_lines(&mut svg, frame, lines).map_err(|why| failed(frame.title, &why))?;
    Ok(svg)
}

fn failed(what: &str, why: &impl ToString) -> RoutingError {
    RoutingError::Plot {
        what: what.to_owned(),
        why: why.to_string(),
    }
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw_lines(svg: &mut String, frame: Frame<'_>, lines: &[Line]) -> Drawn {
    let points = || lines.iter().flat_map(|line| line.points.iter());
    let x_max = points().map(|point| point.0).fold(0.0, f64::max);
    let low = points().map(|point| point.1).fold(0.0, f64::min);
    let high = points().map(|point| point.1).fold(0.0, f64::max);
    let room = ((high - low) * 0.05).max(1e-9);
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(frame.title, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..x_max.max(1.0), (low - room)..(high + room))?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc(frame.x)
        .y_desc(frame.y)
        .draw()?;
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let colour = *colour;
        chart
            .draw_series(LineSeries::new(
                line.points.iter().copied(),
                colour.stroke_width(2),
            ))?
            .label(line.name.as_str())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    root.present()?;
    Ok(())
}

/// A mean with its interval and its name.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) low: f64,
    pub(super) mean: f64,
    pub(super) high: f64,
}

/// Draws intervals under each other.
pub(super) fn intervals(frame: Frame<'_>, bars: &[Bar]) -> Result<String, RoutingError> {
    let mut svg = String::new();
    draw_intervals(&mut svg, frame, bars).map_err(|why| failed(frame.title, &why))?;
    Ok(svg)
}

fn draw_intervals(svg: &mut String, frame: Frame<'_>, bars: &[Bar]) -> Drawn {
    let low = bars.iter().map(|bar| bar.low).fold(0.0, f64::min);
    let high = bars.iter().map(|bar| bar.high).fold(0.0, f64::max);
    let room = ((high - low) * 0.05).max(1e-9);
    let count = bars.len();
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(frame.title, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(110)
        .build_cartesian_2d((low - room)..(high + room), -0.5..(count as f64 - 0.5))?;
    let name = |row: &f64| {
        let ix = super::stats::floor(row.round());
        let exact = (row - row.round()).abs() < 1e-9 && *row >= 0.0;
        let bar = bars.get(ix).filter(|_| exact);
        bar.map_or_else(String::new, |bar| bar.name.clone())
    };
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc(frame.x)
        .y_desc(frame.y)
        .y_labels(count)
        .y_label_formatter(&name)
        .draw()?;
    for (row, bar) in bars.iter().enumerate() {
        let (y, style) = (row as f64, COLOURS[0].stroke_width(2));
        let span = [(bar.low, y), (bar.high, y)];
        chart.draw_series([PathElement::new(span, style)])?;
        chart.draw_series([Circle::new((bar.mean, y), 4, COLOURS[1].filled())])?;
    }
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame<'_> = Frame {
        title: "a title",
        x: "x",
        y: "y",
    };

    #[test]
    fn a_plot_names_its_lines_and_is_small() {
        let line = |name: &str| Line {
            name: name.to_owned(),
            points: (0..50)
                .map(|ix| (f64::from(ix), f64::from(ix * ix)))
                .collect(),
        };
        let svg = lines(FRAME, &[line("first"), line("second")]).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("first") && svg.contains("second") && svg.contains("a title"));
        assert!(svg.len() < 30_000, "{}", svg.len());
        assert_eq!(svg, lines(FRAME, &[line("first"), line("second")]).unwrap());
    }

    #[test]
    fn intervals_have_their_names_beside_them_and_nothing_is_drawn_of_nothing() {
        let bar = |name: &str, mean: f64| Bar {
            name: name.to_owned(),
            low: mean - 1.0,
            mean,
            high: mean + 1.0,
        };
        let svg = intervals(FRAME, &[bar("one", 1.0), bar("two", -2.0)]).unwrap();
        assert!(svg.contains("one") && svg.contains("two"), "{svg}");
        assert!(intervals(FRAME, &[]).is_ok());
        assert!(lines(FRAME, &[]).is_ok());
    }
}
