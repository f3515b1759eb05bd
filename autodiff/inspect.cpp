#include "autodiff/inspect.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <sstream>

namespace gradus {

// Made when a tape is first asked to remember something; it keeps its memory over resets.
struct Annotations {
  struct Text {
    std::uint32_t first = 0, length = 0;  // within `text`
  };
  struct Name {
    std::uint32_t node;
    Text text;
  };
  struct ScopeChange {
    std::uint32_t first;  // the nodes from here on have this prefix
    Text prefix;
  };
  struct Piece {
    std::size_t bytes;
    std::uint32_t node;
    bool scratch;
  };

  std::string text;         // every name and prefix, one after the other
  std::vector<Name> names;  // by node
  std::vector<ScopeChange> scopes;
  std::vector<Piece> pieces;  // of the running sweep, by the pool's number
  std::vector<Piece> peak_pieces;
  std::size_t peak = 0;
  std::uint32_t peak_node = Inspector::none;

  std::string at(Text t) const { return text.substr(t.first, t.length); }
  Text prefix() const { return scopes.empty() ? Text{} : scopes.back().prefix; }
  Text append(std::string_view s) {
    text += s;
    return {static_cast<std::uint32_t>(text.size() - s.size()), static_cast<std::uint32_t>(s.size())};
  }
  void change_scope(std::uint32_t first, Text prefix) {
    if (!scopes.empty() && scopes.back().first == first)
      scopes.back().prefix = prefix;
    else
      scopes.push_back({first, prefix});
  }
};

void Tape::DeleteAnnotations::operator()(Annotations* annotations) const { delete annotations; }

namespace {

void require_one_line(const char* operation, std::string_view text) {
  const bool control = std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (text.empty() || control)
    throw std::invalid_argument(std::string(operation) + ": " +
                                (text.empty() ? "an empty name" : "a name with a control character") +
                                ", expected one line of text");
}

// The element of a list sorted by `first` that holds for a node, or null.
template <class T>
const T* in_force(const std::vector<T>& changes, std::uint32_t node) {
  const auto after = std::ranges::upper_bound(changes, node, {}, &T::first);
  return after == changes.begin() ? nullptr : &*std::prev(after);
}

struct BadElements {
  std::int64_t first, count;
};

std::optional<BadElements> bad_elements(const Tensor& tensor) {
  if (tensor.dtype() == DType::int32) return std::nullopt;
  return with_floating(tensor.dtype(), [&]<class T>(T) -> std::optional<BadElements> {
    const std::span<const T> x = tensor.elements<T>();
    const auto bad = [](T e) { return !(std::abs(e) <= std::numeric_limits<T>::max()); };
    std::int64_t count = 0;
    for (const T e : x) count += bad(e);  // no early end: so the loop is a vector loop
    if (count == 0) return std::nullopt;
    return BadElements{std::ranges::find_if(x, bad) - x.begin(), count};
  });
}

std::string type_of(const Tensor& tensor) { return tensor.shape().to_string() + " " + name_of(tensor.dtype()); }

// "inf at [0, 2]", without a place for a scalar.
std::string first_bad(const Tensor& tensor, const BadElements& bad) {
  const double value = tensor.at(bad.first);
  const Shape& shape = tensor.shape();
  Shape place = shape;
  std::int64_t rest = bad.first;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    place[axis] = rest % shape[axis];
    rest /= shape[axis];
  }
  return std::string(std::isnan(value) ? "nan"
                     : value < 0       ? "-inf"
                                       : "inf") +
         (shape.rank() ? " at " + place.to_string() : "");
}

std::string how_many(const Tensor& tensor, const BadElements& bad) {
  return std::to_string(bad.count) + " of " + std::to_string(tensor.size()) + " not finite";
}

std::string health(const Tensor& tensor) {
  const auto bad = bad_elements(tensor);
  return bad ? "has " + first_bad(tensor, *bad) : "finite";
}

// Columns as wide as their widest cell; those of which `right` says so are aligned to the right.
std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right) {
  std::vector<std::size_t> width(right.size());
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string space(width[c] - row[c].size(), ' ');
      line += (c ? "  " : "") + (right[c] ? space + row[c] : row[c] + space);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string quoted(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return result;
}

std::string listing(const Tape& tape, const std::vector<bool>& shown) {
  const Inspector nodes(tape);
  std::vector<std::vector<std::string>> rows{
      {"node", "name", "operation", "operands", "shape", "type", "bytes", "kind"}};
  for (std::uint32_t i = 0; i < shown.size(); ++i) {
    if (!shown[i]) continue;
    std::string operands, kind = nodes.kind(i);
    for (const std::uint32_t operand : nodes.operands(i))
      operands += (operands.empty() ? "" : ", ") + nodes.reference(operand);
    if (nodes.origin(i) != Inspector::none) kind += ", derivative of " + nodes.reference(nodes.origin(i));
    const Tensor& value = nodes.value(i);
    rows.push_back({std::to_string(i), nodes.name(i), nodes.operation(i), operands, value.shape().to_string(),
                    name_of(value.dtype()), std::to_string(value.bytes()), kind});
  }
  return aligned(rows, {true, false, false, false, false, false, true, false});
}

std::string picture(const Tape& tape, const std::vector<bool>& shown) {
  const Inspector nodes(tape);
  std::ostringstream dot;
  dot << "digraph tape {\n  node [shape=box, fontname=\"Helvetica\", fontsize=10];\n  edge [fontname=\"Helvetica\", "
         "fontsize=8];\n";
  for (std::uint32_t i = 0; i < shown.size(); ++i) {
    if (!shown[i]) continue;
    const Tensor& value = nodes.value(i);
    dot << "  n" << i << " [label=\"" << quoted(nodes.reference(i)) << "\\n";
    if (!nodes.is_leaf(i) && nodes.reference(i) != nodes.name(i)) dot << nodes.operation(i) << "\\n";
    dot << type_of(value) << "\\n" << value.bytes() << " B\"";
    if (nodes.is_leaf(i)) dot << ", shape=ellipse";
    const bool derivative = nodes.origin(i) != Inspector::none;
    if (derivative) dot << ", fillcolor=gray90";
    if (derivative || nodes.is_view(i))
      dot << ", style=\"" << (nodes.is_view(i) ? "dashed" : "") << (derivative && nodes.is_view(i) ? "," : "")
          << (derivative ? "filled" : "") << "\"";
    dot << "];\n";
    const auto operands = nodes.operands(i);
    for (std::size_t k = 0; k < operands.size(); ++k) {
      dot << "  n" << operands[k] << " -> n" << i;
      if (operands.size() > 1) dot << " [label=\"" << k << "\"]";
      dot << ";\n";
    }
  }
  dot << "}\n";
  return dot.str();
}

std::vector<bool> all_nodes(const Tape& tape) { return std::vector<bool>(tape.node_count(), true); }

std::vector<bool> ancestors(const char* operation, const Var& result) {
  result.tape().check(operation, result);
  return Inspector(result.tape()).ancestors(Inspector::index(result));
}

}  // namespace

// Names and switches

Var Tape::name(const Var& var, std::string_view text) {
  check("name", var);
  require_one_line("name", text);
  if (!annotations_) annotations_.reset(new Annotations);
  auto& names = annotations_->names;
  const auto place = std::ranges::lower_bound(names, var.index_, {}, &Annotations::Name::node);
  const Annotations::Name name{var.index_, annotations_->append(text)};
  if (place != names.end() && place->node == var.index_)
    *place = name;
  else
    names.insert(place, name);
  return var;
}

std::string Tape::name(const Var& var) const {
  check("name", var);
  return Inspector(*this).name(var.index_);
}

void Tape::check_finite(bool on) {
  check_finite_ = on;
  if (inner_) inner_->check_finite(on);
}

void Tape::profile_memory(bool on) {
  profile_memory_ = on;
  if (on && !annotations_) annotations_.reset(new Annotations);
}

Scope::Scope(Tape& tape, std::string_view name) : tape_(tape), generation_(tape.generation_) {
  require_one_line("scope", name);
  if (!tape.annotations_) tape.annotations_.reset(new Annotations);
  Annotations& notes = *tape.annotations_;
  const Annotations::Text outer = notes.prefix();
  outer_first_ = outer.first;
  outer_length_ = outer.length;
  const Annotations::Text inner = notes.append(notes.at(outer) + std::string(name) + ".");
  notes.change_scope(static_cast<std::uint32_t>(tape.node_count()), inner);
}

Scope::~Scope() {
  if (generation_ == tape_.generation_)
    tape_.annotations_->change_scope(static_cast<std::uint32_t>(tape_.node_count()), {outer_first_, outer_length_});
}

void Inspector::forget() const {
  Annotations& notes = *tape_.annotations_;
  notes.text.clear(), notes.names.clear(), notes.scopes.clear(), notes.pieces.clear(), notes.peak_pieces.clear();
  notes.peak = 0;
  notes.peak_node = none;
}

// What a node is

const char* Inspector::operation(std::uint32_t node) const {
  const AnyOperation* operation = tape_.nodes_[node].operation;
  return operation ? operation->name() : "leaf";
}

std::span<const std::uint32_t> Inspector::operands(std::uint32_t node) const {
  const Tape::Node& n = tape_.nodes_[node];
  return std::span(tape_.operands_).subspan(n.operand_count ? n.first_operand : 0, n.operand_count);
}

bool Inspector::is_view(std::uint32_t node) const {
  if (operands(node).empty() || tape_.nodes_[node].in_place) return false;
  const Tensor& whole = value(operands(node)[0]);
  const auto* memory = static_cast<const std::byte*>(whole.raw());
  return value(node).raw() >= memory && value(node).raw() < memory + whole.bytes();
}

const char* Inspector::kind(std::uint32_t node) const {
  if (is_leaf(node)) return tape_.nodes_[node].first_operand ? "copied leaf" : "leaf";
  return is_view(node) ? "view" : tape_.nodes_[node].in_place ? "in place" : "value";
}

std::size_t Inspector::bytes_on_tape(std::uint32_t node) const {
  const Tape::Node& n = tape_.nodes_[node];
  const bool elsewhere = is_leaf(node) ? !n.first_operand : n.in_place || is_view(node);
  return elsewhere ? 0 : value(node).bytes();
}

std::uint32_t Inspector::origin(std::uint32_t node) const {
  const auto* change = in_force(tape_.origins_, node);
  return change ? change->origin : none;
}

std::string Inspector::chosen_name(std::uint32_t node) const {
  if (!tape_.annotations_) return "";
  const auto& names = tape_.annotations_->names;
  const auto place = std::ranges::lower_bound(names, node, {}, &Annotations::Name::node);
  return place != names.end() && place->node == node ? tape_.annotations_->at(place->text) : "";
}

std::string Inspector::name(std::uint32_t node) const {
  const auto* scope = tape_.annotations_ ? in_force(tape_.annotations_->scopes, node) : nullptr;
  const std::string chosen = chosen_name(node);
  return (scope ? tape_.annotations_->at(scope->prefix) : "") +
         (chosen.empty() ? operation(node) + ("_" + std::to_string(node)) : chosen);
}

std::string Inspector::reference(std::uint32_t node) const {
  return name(node) + (chosen_name(node).empty() ? "" : "#" + std::to_string(node));
}

std::vector<bool> Inspector::ancestors(std::uint32_t result) const {
  std::vector<bool> found(result + 1);
  found[result] = true;
  for (std::uint32_t i = result + 1; i-- > 0;)
    if (found[i])
      for (const std::uint32_t operand : operands(i)) found[operand] = true;
  return found;
}

// The search for numbers that are not finite

std::string Inspector::health(std::uint32_t node) const {
  return tape_.nodes_[node].overwritten ? "overwritten" : gradus::health(value(node));
}

std::string Inspector::operands_with_health(std::uint32_t node) const {
  std::string text;
  for (const std::uint32_t i : operands(node))
    text += (text.empty() ? "operands: " : ", ") + reference(i) + " " + health(i);
  return text;
}

void Inspector::check_result(std::uint32_t node) const {
  if (is_leaf(node) || is_view(node)) return;  // neither computes anything
  const Tensor& result = value(node);
  const auto bad = bad_elements(result);
  if (!bad) return;
  const std::uint32_t rule = tape_.origin();
  throw std::runtime_error("check_finite: " + reference(node) + ": " + operation(node) +
                           (rule == none ? "" : ", in the derivative of " + reference(rule) + ",") + " gives " +
                           first_bad(result, *bad) + " of " + type_of(result) + " (" + how_many(result, *bad) + "); " +
                           operands_with_health(node));
}

void Inspector::check_seeds(std::span<const Var> results, std::span<const Tensor> seeds) const {
  for (std::size_t i = 0; i < seeds.size(); ++i)
    if (const auto bad = bad_elements(seeds[i]))
      throw std::runtime_error("check_finite: " + reference(results[i].index_) +
                               ": the cotangent given to the sweep has " + first_bad(seeds[i], *bad) + " of " +
                               type_of(seeds[i]) + " (" + how_many(seeds[i], *bad) + ")");
}

void Inspector::check_contributions(std::uint32_t node) const {
  for (const std::uint32_t operand : operands(node)) {
    const Tape::Adjoint state = tape_.adjoint_state_[operand];
    if (!tape_.on_path_[operand] || state == Tape::Adjoint::none || state == Tape::Adjoint::bound) continue;
    const Tensor& adjoint = tape_.adjoint_[operand];
    const auto bad = bad_elements(adjoint);
    if (!bad) continue;
    throw std::runtime_error("check_finite: " + reference(node) + ": the derivative of " + operation(node) + " " +
                             type_of(value(node)) + " gives the adjoint of " + reference(operand) + " " +
                             first_bad(adjoint, *bad) + " of " + type_of(adjoint) + " (" + how_many(adjoint, *bad) +
                             "); its own adjoint " + gradus::health(tape_.adjoint_[node]) + ", its value " +
                             health(node) + ", " + operands_with_health(node));
  }
}

// Memory

void Inspector::start_sweep() const { tape_.annotations_->pieces.clear(); }

void Inspector::note_allocation(Pool::Piece piece, std::size_t bytes, std::uint32_t node, std::uint32_t running,
                                bool scratch) const {
  Annotations& notes = *tape_.annotations_;
  if (notes.pieces.size() <= piece) notes.pieces.resize(piece + 1);
  notes.pieces[piece] = {bytes, node, scratch};
  if (tape_.adjoints_.peak() <= notes.peak) return;
  notes.peak = tape_.adjoints_.peak();
  notes.peak_node = running;
  notes.peak_pieces.clear();
  for (Pool::Piece p = 1; p < notes.pieces.size(); ++p)
    if (tape_.adjoints_.users(p)) notes.peak_pieces.push_back(notes.pieces[p]);
}

MemoryReport Inspector::memory() const {
  MemoryReport report;
  std::map<std::string, MemoryReport::Row> rows;
  for (std::uint32_t i = 0; i < tape_.nodes_.size(); ++i) {
    MemoryReport::Row& row = rows[operation(i)];
    ++row.nodes;
    row.values += bytes_on_tape(i);
    report.values += bytes_on_tape(i);
  }
  if (tape_.annotations_) {
    const Annotations& notes = *tape_.annotations_;
    for (const Annotations::Piece& piece : notes.peak_pieces) {
      MemoryReport::Row& row = rows[operation(piece.node)];
      (piece.scratch ? row.scratch : row.adjoints) += piece.bytes;
    }
    report.sweep_peak = notes.peak;
    if (notes.peak_node != none) report.peak_node = reference(notes.peak_node);
  }
  for (auto& [operation, row] : rows) {
    row.operation = operation;
    report.rows.push_back(row);
  }
  std::ranges::stable_sort(report.rows, std::ranges::greater{}, &MemoryReport::Row::total);
  report.overhead = tape_.values_.used() - report.values;
  if (tape_.inner_) report.inner = tape_.inner_->bytes_used();
  return report;
}

MemoryReport memory_by_operation(const Tape& tape) { return Inspector(tape).memory(); }

// Texts

std::string to_text(const Tape& tape) { return listing(tape, all_nodes(tape)); }
std::string to_text(const Var& result) { return listing(result.tape(), ancestors("to_text", result)); }
std::string to_dot(const Tape& tape) { return picture(tape, all_nodes(tape)); }
std::string to_dot(const Var& result) { return picture(result.tape(), ancestors("to_dot", result)); }

std::string to_text(const MemoryReport& report) {
  const auto number = [](std::size_t bytes) { return bytes ? std::to_string(bytes) : std::string("-"); };
  std::vector<std::vector<std::string>> rows{{"operation", "nodes", "values", "adjoints", "scratch"}};
  MemoryReport::Row sum;
  for (const MemoryReport::Row& row : report.rows) {
    rows.push_back(
        {row.operation, std::to_string(row.nodes), number(row.values), number(row.adjoints), number(row.scratch)});
    sum.nodes += row.nodes;
    sum.adjoints += row.adjoints;
    sum.scratch += row.scratch;
  }
  rows.push_back({"sum", std::to_string(sum.nodes), number(report.values), number(sum.adjoints), number(sum.scratch)});
  std::string text = aligned(rows, {false, true, true, true, true});
  text +=
      "bytes; besides the values " + std::to_string(report.overhead) + " for the operations themselves and alignment\n";
  if (report.sweep_peak)
    text += "adjoints and scratch at the sweep's peak of " + std::to_string(report.sweep_peak) +
            " bytes with alignment" + (report.peak_node.empty() ? "" : ", in the rule of " + report.peak_node) + "\n";
  if (report.inner) text += "tape of the checkpoints: " + std::to_string(report.inner) + "\n";
  return text;
}

}  // namespace gradus
