//! Writes a source anew with every mutant in it behind a switch that is read when it runs, so that
//! one build serves all of them.
//!
//! An operand is written once and bound, whatever is done to it: nested mutants would otherwise
//! double the text at every level. Where that changes the type or the borrow, the compiler says
//! so, and the [marks](Mark) tell which mutant to leave out.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::{Context, Result};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::list::{Genre, Mutant, Place, switch};

/// The source with its switches.
#[derive(Debug)]
pub(crate) struct Rewritten {
    pub(crate) text: String,
    pub(crate) marks: Vec<Mark>,
    /// The mutants that are in it.
    pub(crate) placed: Vec<usize>,
    /// Those that would take a `let` out of its chain, which has no meaning.
    pub(crate) unchained: Vec<usize>,
}

/// What of the text is due to a mutant.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) at: Range<usize>,
    pub(crate) mutant: usize,
    /// The mutant's own words, not the choice between them and the original.
    pub(crate) own: bool,
}

/// A mutant and its place in the list.
pub(crate) type Numbered<'a> = (usize, &'a Mutant);

/// Puts the mutants of one file behind switches, and makes its functions such as can read them:
/// `constant` says which must stay usable in constants.
pub(crate) fn rewrite(
    source: &str,
    mutants: &[Numbered<'_>],
    constant: &dyn Fn(&str) -> bool,
) -> Result<Rewritten> {
    let file = syn::parse_file(source).context("parsing")?;
    let mut finder = Finder {
        sites: sites(mutants),
        constant,
        owner: None,
        edits: Vec::new(),
        unchained: Vec::new(),
    };
    finder.visit_file(&file);
    let mut edits = finder.edits;
    edits.sort_by_key(|edit| (edit.span.start, std::cmp::Reverse(edit.span.end)));
    let mut printer = Printer {
        source,
        edits: &edits,
        done: Rewritten {
            text: String::with_capacity(source.len() * 4),
            marks: Vec::new(),
            placed: Vec::new(),
            unchained: finder.unchained,
        },
    };
    printer.source(0..source.len(), 0);
    for edit in &edits {
        printer.done.placed.extend(&edit.mutants);
    }
    Ok(printer.done)
}

fn sites<'a>(mutants: &[Numbered<'a>]) -> HashMap<(Genre, Place), Vec<Numbered<'a>>> {
    let mut sites: HashMap<_, Vec<_>> = HashMap::new();
    for &(ix, mutant) in mutants {
        let site = (mutant.genre, mutant.span.start);
        sites.entry(site).or_default().push((ix, mutant));
    }
    sites
}

impl std::hash::Hash for Genre {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (*self as u8).hash(state);
    }
}

/// A piece of the source that is written differently.
struct Edit {
    span: Range<usize>,
    mutants: Vec<usize>,
    pieces: Vec<Piece>,
}

enum Piece {
    Text(String),
    /// The source, with its own edits.
    Source(Range<usize>),
    /// A mutant's own words.
    Own(usize, String),
}

fn text(words: impl Into<String>) -> Piece {
    Piece::Text(words.into())
}

struct Printer<'a> {
    source: &'a str,
    edits: &'a [Edit],
    done: Rewritten,
}

impl Printer<'_> {
    /// Prints a range of the source; its edits are those from `next` on.
    fn source(&mut self, range: Range<usize>, mut next: usize) {
        let (source, edits) = (self.source, self.edits);
        let mut at = range.start;
        while let Some(edit) = edits.get(next) {
            if edit.span.start >= range.end {
                break;
            }
            if edit.span.start >= at && edit.span.end <= range.end {
                self.done.text.push_str(&source[at..edit.span.start]);
                self.edit(edit, next);
                at = edit.span.end;
            }
            next += 1;
        }
        self.done.text.push_str(&source[at..range.end]);
    }

    fn edit(&mut self, edit: &Edit, ix: usize) {
        let start = self.done.text.len();
        for piece in &edit.pieces {
            match piece {
                Piece::Text(words) => self.done.text.push_str(words),
                Piece::Source(range) => self.source(range.clone(), ix + 1),
                Piece::Own(mutant, words) => {
                    let from = self.done.text.len();
                    self.done.text.push_str(words);
                    self.mark(from, *mutant, true);
                }
            }
        }
        for &mutant in &edit.mutants {
            self.mark(start, mutant, false);
        }
    }

    fn mark(&mut self, from: usize, mutant: usize, own: bool) {
        let at = from..self.done.text.len();
        self.done.marks.push(Mark { at, mutant, own });
    }
}

struct Finder<'a> {
    sites: HashMap<(Genre, Place), Vec<Numbered<'a>>>,
    constant: &'a dyn Fn(&str) -> bool,
    /// The type whose functions these are.
    owner: Option<String>,
    edits: Vec<Edit>,
    unchained: Vec<usize>,
}

fn place(spanned: &impl Spanned) -> Place {
    let start = spanned.span().start();
    Place {
        line: start.line,
        column: start.column + 1,
    }
}

fn range(spanned: &impl Spanned) -> Range<usize> {
    spanned.span().byte_range()
}

/// `match` on which of these mutants is on; the original is the first arm, whose type counts.
fn choice(
    mutants: &[Numbered<'_>],
    original: Vec<Piece>,
    own: impl Fn(&Mutant) -> String,
) -> Vec<Piece> {
    let mut pieces = vec![text(format!("match {} {{ 0 => ", site(mutants)))];
    pieces.extend(original);
    for (nth, (ix, mutant)) in mutants.iter().enumerate() {
        if nth + 1 == mutants.len() {
            pieces.push(text(", _ => "));
        } else {
            pieces.push(text(format!(", {} => ", switch(*ix))));
        }
        pieces.push(Piece::Own(*ix, own(mutant)));
    }
    pieces.push(text(" }"));
    pieces
}

fn site(mutants: &[Numbered<'_>]) -> String {
    let switches = || mutants.iter().map(|&(ix, _)| switch(ix));
    let (first, last) = (switches().min(), switches().max());
    format!(
        "crate::mutant::site({}, {})",
        first.unwrap_or_default(),
        last.unwrap_or_default()
    )
}

impl<'a> Finder<'a> {
    fn take(&mut self, genre: Genre, at: Place) -> Option<Vec<Numbered<'a>>> {
        self.sites.remove(&(genre, at))
    }

    fn edit(&mut self, span: Range<usize>, mutants: &[Numbered<'_>], pieces: Vec<Piece>) {
        let mutants = mutants.iter().map(|&(ix, _)| ix).collect();
        self.edits.push(Edit {
            span,
            mutants,
            pieces,
        });
    }

    fn binary(&mut self, expr: &syn::ExprBinary) {
        let Some(mutants) = self.take(Genre::BinaryOperator, place(&expr.op)) else {
            return;
        };
        let (left, right) = (range(&expr.left), range(&expr.right));
        let op = operator(&expr.op);
        let pieces = match expr.op {
            syn::BinOp::And(_) | syn::BinOp::Or(_) => {
                if is_chain(&expr.left) || is_chain(&expr.right) {
                    self.unchained.extend(mutants.iter().map(|(ix, _)| ix));
                    return;
                }
                logical(&mutants, left, right, &op)
            }
            _ if op.ends_with('=') && !is_comparison(&op) => {
                let mut pieces = vec![text("(match "), Piece::Source(right)];
                pieces.extend([text(" { r => match &mut ("), Piece::Source(left)]);
                pieces.push(text(") { l => "));
                pieces.extend(choice(&mutants, vec![text(format!("*l {op} r"))], |it| {
                    format!("*l {} r", it.replacement)
                }));
                pieces.push(text(" } })"));
                pieces
            }
            _ => {
                let (and, star) = if is_comparison(&op) {
                    ("&", "*")
                } else {
                    ("", "")
                };
                let mut pieces = vec![text(format!("(match ({and}(")), Piece::Source(left)];
                pieces.extend([text(format!("), {and}(")), Piece::Source(right)]);
                pieces.push(text(")) { (l, r) => "));
                let original = vec![text(format!("{star}l {op} {star}r"))];
                pieces.extend(choice(&mutants, original, |it| {
                    format!("{star}l {} {star}r", it.replacement)
                }));
                pieces.push(text(" })"));
                pieces
            }
        };
        self.edit(range(expr), &mutants, pieces);
    }

    fn unary(&mut self, expr: &syn::ExprUnary) {
        let Some(mutants) = self.take(Genre::UnaryOperator, place(&expr.op)) else {
            return;
        };
        let op = match expr.op {
            syn::UnOp::Not(_) => "!",
            syn::UnOp::Neg(_) => "-",
            _ => return,
        };
        let mut pieces = vec![text("(match "), Piece::Source(range(&expr.expr))];
        pieces.push(text(" { v => "));
        let original = vec![text(format!("{op}v"))];
        pieces.extend(choice(&mutants, original, |_| "v".into()));
        pieces.push(text(" })"));
        self.edit(range(expr), &mutants, pieces);
    }

    fn guard(&mut self, arm: &syn::Arm) {
        let Some((_, guard)) = &arm.guard else { return };
        let Some(mutants) = self.take(Genre::MatchArmGuard, place(guard)) else {
            return;
        };
        let original = vec![Piece::Source(range(guard))];
        let pieces = choice(&mutants, original, |it| it.replacement.clone());
        self.edit(range(guard), &mutants, pieces);
    }

    fn arm(&mut self, arm: &syn::Arm) {
        let Some(mutants) = self.take(Genre::MatchArm, place(arm)) else {
            return;
        };
        let never = format!("{} == 0", site(&mutants));
        match &arm.guard {
            None => {
                let end = range(&arm.pat).end;
                self.edit(end..end, &mutants, vec![text(format!(" if {never}"))]);
            }
            Some((_, guard)) => {
                let guard = range(guard);
                let kept = vec![text("("), Piece::Source(guard.clone())];
                let pieces = kept.into_iter().chain([text(format!(") && {never}"))]);
                self.edit(guard, &mutants, pieces.collect());
            }
        }
    }

    fn fields(&mut self, expr: &syn::ExprStruct) {
        let Some(rest) = &expr.rest else { return };
        for field in &expr.fields {
            let Some(mutants) = self.take(Genre::StructField, place(field)) else {
                continue;
            };
            let syn::Member::Named(name) = &field.member else {
                continue;
            };
            let mut pieces = vec![text(format!("{name}: match {} {{ 0 => ", site(&mutants)))];
            pieces.push(Piece::Source(range(&field.expr)));
            pieces.extend([
                text(", _ => { let base: "),
                Piece::Source(range(&expr.path)),
            ]);
            pieces.extend([text(" = "), Piece::Source(range(rest))]);
            pieces.push(text(format!("; base.{name} }} }}")));
            self.edit(range(field), &mutants, pieces);
        }
    }

    /// A function as the compiler names it.
    fn path(&self, name: &syn::Ident) -> String {
        match &self.owner {
            Some(owner) => format!("{owner}::{name}"),
            None => name.to_string(),
        }
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        if let Some(token) = signature.constness
            && !(self.constant)(&self.path(&signature.ident))
        {
            self.edit(range(&token), &[], Vec::new());
        }
        let Some(first) = block.stmts.first() else {
            return;
        };
        let Some(mutants) = self.take(Genre::FnValue, place(first)) else {
            return;
        };
        let body = range(block);
        let body = body.start + 1..body.end - 1;
        if promises(&signature.output) {
            self.edit(body.clone(), &mutants, promised(&mutants, body));
            return;
        }
        let mut pieces = vec![text(format!(" match {} {{ 0 => {{}}", site(&mutants)))];
        for (nth, (ix, mutant)) in mutants.iter().enumerate() {
            let arm = if nth + 1 == mutants.len() {
                ", _ => ".to_owned()
            } else {
                format!(", {} => ", switch(*ix))
            };
            let own = format!("return {}", mutant.replacement);
            pieces.extend([text(arm), Piece::Own(*ix, own)]);
        }
        pieces.push(text(" } "));
        self.edit(body.start..body.start, &mutants, pieces);
    }
}

/// One of `&&` and `||` for the other, the right side written once: it counts if the left side
/// alone does not decide.
fn logical(
    mutants: &[Numbered<'_>],
    left: Range<usize>,
    right: Range<usize>,
    op: &str,
) -> Vec<Piece> {
    let on = if op == "&&" { "!=" } else { "==" };
    vec![
        text("(match "),
        Piece::Source(left),
        text(format!(" {{ l => if l ^ ({} {on} 0) {{ ", site(mutants))),
        Piece::Source(right),
        text(" } else { l } })"),
    ]
}

/// The body of a function that returns some iterator: every way out has the same type.
fn promised(mutants: &[Numbered<'_>], body: Range<usize>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut within = String::new();
    for (ix, mutant) in mutants {
        let number = switch(*ix);
        let asks = format!(" if crate::mutant::site({number}, {number}) != 0 {{ return ");
        let own = format!(
            "{within}crate::mutant::Either::Left({})",
            mutant.replacement
        );
        let close = ")".repeat(within.matches('(').count());
        pieces.extend([text(asks), Piece::Own(*ix, own), text(close + "; }")]);
        within.push_str("crate::mutant::Either::Right(");
    }
    pieces.extend([text(format!(" {within}{{")), Piece::Source(body), text("}")]);
    pieces.push(text(")".repeat(within.matches('(').count())));
    pieces
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_expr_binary(&mut self, expr: &'ast syn::ExprBinary) {
        self.binary(expr);
        visit::visit_expr_binary(self, expr);
    }

    fn visit_expr_unary(&mut self, expr: &'ast syn::ExprUnary) {
        self.unary(expr);
        visit::visit_expr_unary(self, expr);
    }

    fn visit_expr_struct(&mut self, expr: &'ast syn::ExprStruct) {
        self.fields(expr);
        visit::visit_expr_struct(self, expr);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.arm(arm);
        self.guard(arm);
        visit::visit_arm(self, arm);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let owner = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|it| it.ident.to_string()),
            _ => None,
        };
        let outer = std::mem::replace(&mut self.owner, owner);
        visit::visit_item_impl(self, item);
        self.owner = outer;
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    // What is worked out by the compiler reads no switch.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
}

fn operator(op: &syn::BinOp) -> String {
    use syn::BinOp;
    let word = match op {
        BinOp::Add(_) => "+",
        BinOp::Sub(_) => "-",
        BinOp::Mul(_) => "*",
        BinOp::Div(_) => "/",
        BinOp::Rem(_) => "%",
        BinOp::And(_) => "&&",
        BinOp::Or(_) => "||",
        BinOp::BitXor(_) => "^",
        BinOp::BitAnd(_) => "&",
        BinOp::BitOr(_) => "|",
        BinOp::Shl(_) => "<<",
        BinOp::Shr(_) => ">>",
        BinOp::Eq(_) => "==",
        BinOp::Lt(_) => "<",
        BinOp::Le(_) => "<=",
        BinOp::Ne(_) => "!=",
        BinOp::Ge(_) => ">=",
        BinOp::Gt(_) => ">",
        BinOp::AddAssign(_) => "+=",
        BinOp::SubAssign(_) => "-=",
        BinOp::MulAssign(_) => "*=",
        BinOp::DivAssign(_) => "/=",
        BinOp::RemAssign(_) => "%=",
        BinOp::BitXorAssign(_) => "^=",
        BinOp::BitAndAssign(_) => "&=",
        BinOp::BitOrAssign(_) => "|=",
        BinOp::ShlAssign(_) => "<<=",
        BinOp::ShrAssign(_) => ">>=",
        _ => "?",
    };
    word.into()
}

fn is_comparison(op: &str) -> bool {
    matches!(op, "==" | "!=" | "<" | "<=" | ">" | ">=")
}

/// Whether a `let` that binds for what follows is in it.
fn is_chain(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(both) => is_chain(&both.left) || is_chain(&both.right),
        _ => false,
    }
}

/// Whether the function names no type but what it can do.
fn promises(output: &syn::ReturnType) -> bool {
    matches!(output, syn::ReturnType::Type(_, kind) if matches!(**kind, syn::Type::ImplTrait(_)))
}
