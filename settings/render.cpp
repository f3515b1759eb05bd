#include "settings/render.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "settings/markdown.h"

namespace gradus::settings {
namespace {

nlohmann::json json_of(const Hyperparameter& h) {
  static constexpr const char* kinds[] = {"number", "count", "flag", "choice"};
  nlohmann::json one{{"name", h.name}, {"kind", kinds[static_cast<int>(h.kind)]}, {"range", h.range()},
                     {"help", h.help}, {"schedulable", h.can_be_scheduled()},     {"default", h.default_value}};
  if (h.kind == Hyperparameter::Kind::choice) {
    one["default"] = h.default_text();
    one["choices"] = h.choices;
  }
  return one;
}

}  // namespace

std::string as_text(const Card& card, std::string_view kind) {
  std::string text =
      fmt::format("  {}  {}{}\n", card.name, kind.empty() ? "" : fmt::format("[{}] ", kind), card.source);
  for (const Hyperparameter& h : card.hyperparameters)
    text += fmt::format("    {:<32} {} ({})\n", h.name + " = " + h.default_text(), h.help, h.range());
  return text;
}

std::string as_markdown(const Card& card) {
  std::string text = fmt::format("### {}\n\n{}\n\n", card.name, card.source);
  if (!card.formula.empty()) text += fmt::format("```text\n{}\n```\n\n", card.formula);
  if (!card.hyperparameters.empty()) {
    text += "| hyperparameter | default | range | |\n| --- | --: | --- | --- |\n";
    for (const Hyperparameter& h : card.hyperparameters)
      text += fmt::format("| `{}` | {} | {} | {} |\n", h.name, cell(h.default_text()), cell(h.range()), cell(h.help));
    text += "\n";
  }
  if (!card.differences.empty()) text += fmt::format("{}\n\n", card.differences);
  return text;
}

nlohmann::json as_json(const Card& card) {
  nlohmann::json all{{"name", card.name},
                     {"source", card.source},
                     {"formula", card.formula},
                     {"differences", card.differences},
                     {"hyperparameters", nlohmann::json::array()}};
  for (const Hyperparameter& h : card.hyperparameters) all["hyperparameters"].push_back(json_of(h));
  return all;
}

}  // namespace gradus::settings
