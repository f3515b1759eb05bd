#include "autodiff/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace gradus {

Scope::Scope(Tape& tape, std::string_view name)
    : tape_(tape), generation_(tape.generation()), outer_(tape.graph().names.open_scope(tape.graph().size(), name)) {}

Scope::~Scope() {
  if (generation_ == tape_.generation()) tape_.graph().names.close_scope(tape_.graph().size(), outer_);
}

namespace {

const char* kind(const Graph& graph, std::uint32_t node) {
  if (graph.is_leaf(node)) return graph[node].copied ? "copied leaf" : "leaf";
  return graph.is_view(node) ? "view" : graph[node].in_place ? "in place" : "value";
}

std::size_t bytes_on_tape(const Graph& graph, std::uint32_t node) {
  const Graph::Node& n = graph[node];
  const bool elsewhere = graph.is_leaf(node) ? !n.copied : n.in_place || graph.is_view(node);
  return elsewhere ? 0 : n.value.bytes();
}

// Columns as wide as their widest cell; those of which `right` says so are aligned to the right.
std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right) {
  std::vector<std::size_t> width(right.size());
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], row[c].size());
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c)
      line += (c ? "  " : "") +
              (right[c] ? fmt::format("{:>{}}", row[c], width[c]) : fmt::format("{:<{}}", row[c], width[c]));
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string quoted(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return result;
}

std::string listing(const Graph& graph, const std::vector<bool>& shown) {
  std::vector<std::vector<std::string>> rows{
      {"node", "name", "operation", "operands", "shape", "type", "bytes", "kind"}};
  for (std::uint32_t i = 0; i < shown.size(); ++i) {
    if (!shown[i]) continue;
    std::string operands, what = kind(graph, i);
    for (const std::uint32_t operand : graph.operands(i))
      operands += (operands.empty() ? "" : ", ") + graph.reference(operand);
    if (graph.origin(i) != Graph::no_node) what += ", derivative of " + graph.reference(graph.origin(i));
    const Tensor& value = graph[i].value;
    rows.push_back({std::to_string(i), graph.name(i), graph.title(i), operands, value.shape().to_string(),
                    name_of(value.dtype()), std::to_string(value.bytes()), what});
  }
  return aligned(rows, {true, false, false, false, false, false, true, false});
}

std::string picture(const Graph& graph, const std::vector<bool>& shown) {
  std::string dot =
      "digraph tape {\n  node [shape=box, fontname=\"Helvetica\", fontsize=10];\n"
      "  edge [fontname=\"Helvetica\", fontsize=8];\n";
  for (std::uint32_t i = 0; i < shown.size(); ++i) {
    if (!shown[i]) continue;
    const Tensor& value = graph[i].value;
    const bool named = graph.reference(i) != graph.name(i), derivative = graph.origin(i) != Graph::no_node;
    const char* title = named && !graph.is_leaf(i) ? graph.title(i) : "";
    dot += fmt::format("  n{} [label=\"{}\\n{}{}{} {}\\n{} B\"", i, quoted(graph.reference(i)), title,
                       *title ? "\\n" : "", value.shape().to_string(), name_of(value.dtype()), value.bytes());
    if (graph.is_leaf(i)) dot += ", shape=ellipse";
    if (derivative) dot += ", fillcolor=gray90";
    if (derivative || graph.is_view(i))
      dot += fmt::format(", style=\"{}{}{}\"", graph.is_view(i) ? "dashed" : "",
                         derivative && graph.is_view(i) ? "," : "", derivative ? "filled" : "");
    dot += "];\n";
    const auto operands = graph.operands(i);
    for (std::size_t k = 0; k < operands.size(); ++k)
      dot += fmt::format("  n{} -> n{}{};\n", operands[k], i,
                         operands.size() > 1 ? fmt::format(" [label=\"{}\"]", k) : "");
  }
  return dot + "}\n";
}

std::vector<bool> all_nodes(const Tape& tape) { return std::vector<bool>(tape.node_count(), true); }

// Which nodes a result depends on.
std::vector<bool> ancestors(const char* operation, const Var& result) {
  result.tape().check(operation, result);
  std::vector<bool> found(result.index() + 1);
  found[result.index()] = true;
  for (std::uint32_t i = result.index() + 1; i-- > 0;)
    if (found[i])
      for (const std::uint32_t operand : result.tape().graph().operands(i)) found[operand] = true;
  return found;
}

}  // namespace

std::string to_text(const Tape& tape) { return listing(tape.graph(), all_nodes(tape)); }
std::string to_text(const Var& result) { return listing(result.tape().graph(), ancestors("to_text", result)); }
std::string to_dot(const Tape& tape) { return picture(tape.graph(), all_nodes(tape)); }
std::string to_dot(const Var& result) { return picture(result.tape().graph(), ancestors("to_dot", result)); }

MemoryReport memory_by_operation(const Tape& tape) {
  const Graph& graph = tape.graph();
  const MemoryAccount& account = tape.sweep_state().account;
  MemoryReport report;
  std::map<std::string, MemoryReport::Row> rows;
  for (std::uint32_t i = 0; i < graph.size(); ++i) {
    MemoryReport::Row& row = rows[graph.title(i)];
    ++row.nodes;
    row.values += bytes_on_tape(graph, i);
    report.values += bytes_on_tape(graph, i);
  }
  for (const MemoryAccount::Piece& piece : account.peak_pieces) {
    MemoryReport::Row& row = rows[graph.title(piece.node)];
    (piece.temporary ? row.scratch : row.adjoints) += piece.bytes;
  }
  report.sweep_peak = account.peak;
  if (account.peak_node != Graph::no_node) report.peak_node = graph.reference(account.peak_node);
  for (auto& [operation, row] : rows) {
    row.operation = operation;
    report.rows.push_back(row);
  }
  std::ranges::stable_sort(report.rows, std::ranges::greater{}, &MemoryReport::Row::total);
  report.inner = tape.inner_bytes_used();
  report.overhead = tape.bytes_used() - tape.sweep_state().pool.peak() - report.inner - report.values;
  return report;
}

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
  text += fmt::format("bytes; besides the values {} for the operations themselves and alignment\n", report.overhead);
  if (report.sweep_peak)
    text += fmt::format("adjoints and scratch at the sweep's peak of {} bytes with alignment{}\n", report.sweep_peak,
                        report.peak_node.empty() ? "" : ", in the rule of " + report.peak_node);
  if (report.inner) text += fmt::format("tape of the checkpoints: {}\n", report.inner);
  return text;
}

}  // namespace gradus
