//! Reads the letters of a PDF with their places, using hayro.
//!
//! This is the only code that parses a PDF. `contain.rs` runs it in a process of its own, and passes its result on as
//! lines of JSON. Pictures are not decoded.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_interpret::font::{Glyph, GlyphRun, OutlineGlyph};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::hayro_syntax::object::{Array, Dict, String as Text};
use hayro_interpret::hayro_syntax::page::Page as Source;
use hayro_interpret::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, SoftMask, TransformExt as _, interpret_page,
};
use serde::{Deserialize, Serialize};

/// Widest gap between letters of a word, in parts of the letters' size.
const WORD_GAP: f64 = 0.15;
/// Widest gap between words of a piece.
const PIECE_GAP: f64 = 0.6;

/// Most links on one page.
const MAX_LINKS: usize = 2_000;

/// The first line of the result.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Head {
    pub title: Option<String>,
    pub date: Option<String>,
    pub pages: usize,
}

/// One page: each further line of the result.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Page {
    pub width: f64,
    pub height: f64,
    pub pieces: Vec<Piece>,
    /// Text that does not run from left to right, and text that is not on the page.
    pub turned: String,
    pub outside: String,
    pub links: Vec<Target>,
    pub has_pictures: bool,
    /// Whether the page could not be read to its end.
    pub is_damaged: bool,
    /// Number of letters in the pieces, and of those that the file does not name.
    pub letters: usize,
    pub unnamed: usize,
}

/// A place on the page that leads to an address.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Target {
    pub x: f64,
    pub end: f64,
    pub top: f64,
    pub bottom: f64,
    pub address: String,
}

/// Words next to each other on a line. `y` is that of the line they stand on, and grows downwards.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Piece {
    pub x: f64,
    pub end: f64,
    pub y: f64,
    pub size: f64,
    pub bold: bool,
    pub text: String,
}

/// Reads the PDF `bytes`. Calls `head` once and `page` for each page. Stops after `most` bytes of text.
pub(super) fn read(
    bytes: Vec<u8>,
    most: usize,
    head: &mut dyn FnMut(Head),
    page: &mut dyn FnMut(Page),
) -> Result<(), String> {
    let pdf = Pdf::new(bytes).map_err(refusal)?;
    let pages = pdf.pages();
    let info = pdf.metadata();
    let day = info.creation_date.or(info.modification_date);
    head(Head {
        title: info
            .title
            .as_deref()
            .map(string)
            .filter(|title| !title.trim().is_empty()),
        date: day.map(|day| format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)),
        pages: pages.len(),
    });
    let cache = InterpreterCache::new();
    let mut left = most;
    for source in pages.iter() {
        let (width, height) = source.render_dimensions();
        let mut letters = Letters {
            page: Page {
                width: f64::from(width),
                height: f64::from(height),
                ..Page::default()
            },
            seen: HashSet::new(),
            aside: Point::ZERO,
            left,
        };
        let whole = catch_unwind(AssertUnwindSafe(|| draw(source, &cache, &mut letters)));
        letters.page.is_damaged = whole.is_err();
        left = letters.left;
        page(letters.page);
        if left == 0 {
            return Err(format!("more than {most} bytes of text are too many for one edition"));
        }
    }
    Ok(())
}

fn draw<'a>(source: &Source<'a>, cache: &InterpreterCache<'a>, letters: &mut Letters) {
    let transform = source.initial_transform(true).to_kurbo();
    let bounds = Rect::new(0.0, 0.0, letters.page.width, letters.page.height);
    let settings = InterpreterSettings::default();
    let mut context = Context::new(transform, bounds, cache, source.xref(), settings);
    interpret_page(source, &mut context, letters);
    letters.page.links = targets(source, transform);
}

/// Returns the links to the web on a page.
fn targets(source: &Source<'_>, transform: Affine) -> Vec<Target> {
    let Some(notes) = source.raw().get::<Array<'_>>(b"Annots".as_slice()) else {
        return Vec::new();
    };
    let target = |note: Dict<'_>| {
        let action = note.get::<Dict<'_>>(b"A".as_slice())?;
        let address = action.get::<Text<'_>>(b"URI".as_slice())?;
        let place: Vec<f64> = note
            .get::<Array<'_>>(b"Rect".as_slice())?
            .iter::<f64>()
            .take(4)
            .collect();
        let [x, y, end, top] = place.try_into().ok()?;
        let place = transform.transform_rect_bbox(Rect::new(x, y, end, top).abs());
        Some(Target {
            x: place.x0,
            end: place.x1,
            top: place.y0,
            bottom: place.y1,
            address: string(address.as_bytes()),
        })
    };
    notes.iter::<Dict<'_>>().take(MAX_LINKS).filter_map(target).collect()
}

fn refusal(error: LoadPdfError) -> String {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            "it is locked with a password: open it with the password, print it to a new PDF, and import that"
        }
        LoadPdfError::Decryption(_) => {
            "it is encrypted in a way that is not read here: open it, print it to a new PDF, and import that"
        }
        LoadPdfError::Invalid => "it is a damaged PDF: open it in a PDF viewer, print it to a new PDF, and import that",
    }
    .into()
}

/// Decodes a string of the document's information.
fn string(bytes: &[u8]) -> String {
    if let Some(wide) = bytes.strip_prefix(b"\xfe\xff") {
        return encoding_rs::UTF_16BE.decode_without_bom_handling(wide).0.into_owned();
    }
    crate::corpus::import::sniff::decode(bytes, false)
}

/// Collects the letters of one page.
struct Letters {
    page: Page,
    /// Letters by place. Programs draw a letter twice to make it bold.
    seen: HashSet<(i64, i64, String)>,
    /// Where the last letter ends that is in no piece.
    aside: Point,
    left: usize,
}

impl Letters {
    /// Reports whether a letter at `at` is new and there is room for it.
    fn takes(&mut self, text: &str, at: Point) -> bool {
        let place = (
            (at.x * 2.0).round() as i64,
            (at.y * 2.0).round() as i64,
            text.to_string(),
        );
        if !text.trim().is_empty() && !self.seen.insert(place) {
            return false;
        }
        self.left = self.left.saturating_sub(text.len());
        self.left > 0
    }

    fn is_outside(&self, at: Point, size: f64) -> bool {
        let (width, height) = (self.page.width, self.page.height);
        let is_on = at.x >= -size && at.x <= width + size && at.y >= -size && at.y <= height + size && size > 0.0;
        // A place that is no number is on no page.
        !is_on || !size.is_finite()
    }

    /// Keeps a letter that is in no piece, so that it can be listed.
    fn set_aside(&mut self, text: &str, at: Point, size: f64, end: Point) {
        if !self.takes(text, at) {
            return;
        }
        let gap = (at - self.aside).hypot();
        self.aside = end;
        let is_outside = self.is_outside(at, size);
        let aside = if is_outside {
            &mut self.page.outside
        } else {
            &mut self.page.turned
        };
        if gap > PIECE_GAP * size {
            aside.push('\n');
        } else if gap > WORD_GAP * size {
            aside.push(' ');
        }
        aside.push_str(text);
    }

    fn add(&mut self, text: &str, at: Point, size: f64, end: f64, bold: bool) {
        self.page.letters += 1;
        if !self.takes(text, at) {
            return;
        }
        if let Some(last) = self.page.pieces.last_mut() {
            let gap = at.x - last.end;
            let same =
                (last.size - size).abs() < 0.05 * size && (last.y - at.y).abs() < 0.1 * size && last.bold == bold;
            // Text may be set a little to the left, but a new line may begin there too.
            if same && gap > -0.5 * size && gap < PIECE_GAP * size {
                let is_apart = gap > WORD_GAP * size && !last.text.ends_with(' ') && !text.starts_with(' ');
                if is_apart {
                    last.text.push(' ');
                }
                last.text.push_str(text);
                last.end = last.end.max(end);
                return;
            }
        }
        self.page.pieces.push(Piece {
            x: at.x,
            end,
            y: at.y,
            size,
            bold,
            text: text.to_string(),
        });
    }
}

impl Device<'_> for Letters {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _: &DrawMode) {
        let bold = run
            .glyphs()
            .first()
            .is_some_and(|glyph| matches!(&**glyph, Glyph::Outline(o) if is_bold(o)));
        for glyph in run.glyphs() {
            if self.left == 0 {
                return;
            }
            let transform: Affine = props.transform * glyph.transform();
            let at = transform * Point::ZERO;
            let [across, slope, _, _, ..] = transform.as_coeffs();
            let up = transform * Point::new(0.0, 1_000.0);
            let size = (up - at).hypot();
            let advance = match &**glyph {
                Glyph::Outline(outline) => outline.advance_width(),
                Glyph::Type3(drawn) => drawn.advance_width(),
            };
            let advance = f64::from(advance.unwrap_or(500.0));
            let end = transform * Point::new(advance, 0.0);
            // Text that runs up or down the page is a note at its side, or a picture's.
            let is_aside =
                slope.abs() > across.abs() || across < 0.0 || self.is_outside(at, size) || !end.x.is_finite();
            let text = match glyph.as_unicode() {
                Some(BfString::Char(c)) => letter(c).map_or_else(|| c.to_string(), str::to_string),
                Some(BfString::String(text)) => text,
                None => {
                    self.page.unnamed += usize::from(!is_aside);
                    "\u{fffd}".to_string()
                }
            };
            if is_aside {
                self.set_aside(&text, at, size, end);
            } else {
                self.add(&text, at, size, end.x.max(at.x), bold);
            }
        }
    }

    fn draw_image(&mut self, _: Image<'_, '_>, _: ImageDrawProps<'_>) {
        self.page.has_pictures = true;
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
    fn begin_marked_content(&mut self, _: &[u8], _: Option<&Dict<'_>>) {}
}

fn is_bold(glyph: &OutlineGlyph) -> bool {
    glyph.font_data().is_some_and(|font| {
        let named = font
            .postscript_name
            .is_some_and(|name| name.to_lowercase().contains("bold"));
        named || font.weight.is_some_and(|weight| weight >= 600)
    })
}

/// Returns the letters that a ligature joins.
fn letter(c: char) -> Option<&'static str> {
    Some(match c {
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        _ => return None,
    })
}
