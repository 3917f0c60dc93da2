//! Lines between lanes, as SVG.

use std::fmt::Write;

/// A straight line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) from: (f64, f64),
    pub(super) to: (f64, f64),
}

impl Line {
    /// The point at a share of its length.
    pub(super) fn at(self, share: f64) -> (f64, f64) {
        let between = |from: f64, to: f64| from + (to - from) * share;
        (between(self.from.0, self.to.0), between(self.from.1, self.to.1))
    }

    pub(super) fn up_to(self, share: f64) -> Self {
        Self { to: self.at(share), ..self }
    }

    pub(super) fn draw(self, out: &mut String) {
        let ((x1, y1), (x2, y2)) = (self.from, self.to);
        let _ = write!(out, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>");
    }

    /// With a head at its end.
    pub(super) fn arrow(self, out: &mut String) {
        const HEAD: f64 = 7.0;
        self.draw(out);
        let (dx, dy) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        let length = libm::sqrt(dx * dx + dy * dy).max(1e-6);
        let (ux, uy) = (dx / length * HEAD, dy / length * HEAD);
        let (x, y) = self.to;
        let (left, right) =
            ((x - ux - uy * 0.45, y - uy + ux * 0.45), (x - ux + uy * 0.45, y - uy - ux * 0.45));
        let _ = write!(
            out,
            "<path d=\"M{x:.1} {y:.1}L{:.1} {:.1}L{:.1} {:.1}Z\"/>",
            left.0, left.1, right.0, right.1
        );
    }

    pub(super) fn cross(self, share: f64, out: &mut String) {
        let (x, y) = self.at(share);
        let (left, right, top, bottom) = (x - 5.0, x + 5.0, y - 5.0, y + 5.0);
        let _ = write!(
            out,
            "<path class=\"cross\" d=\"M{left:.1} {top:.1}L{right:.1} {bottom:.1}M{left:.1} {bottom:.1}L{right:.1} {top:.1}\"/>"
        );
    }
}
