#include "experiments/lab/run_state.h"

#include <fmt/format.h>

#include <stdexcept>

#include "experiments/lab/saved_state_file.h"
#include "experiments/records/checkpoint.h"
#include "experiments/records/sealed.h"
#include "experiments/records/text.h"
#include "experiments/records/whole_number.h"

namespace gradus::lab {

std::size_t save_run_state(const std::filesystem::path& path, const RunState& state) {
  records::StateContents contents{.label = records::checkpoint_label(state.step)};
  nlohmann::json about{{"step", state.step},
                       {"run_id", state.run_id},
                       {"arithmetic", state.arithmetic},
                       {"divergence", state.divergence},
                       {"position", json_of(state.position)}};
  put_state(contents, about, state.state);
  contents.texts["checkpoint"] = records::json_text(about);
  records::write_state_file(path, contents);
  return std::filesystem::file_size(path);
}

RunState load_run_state(const std::filesystem::path& path) {
  const records::StateFile file(path);
  try {
    const nlohmann::json about = records::parse_json(file.text("checkpoint"));
    return {records::whole_number<std::int64_t>(about.at("step")),
            about.at("run_id"),
            about.at("arithmetic"),
            about.at("divergence"),
            records::position_of(about.at("position")),
            read_state(file, about)};
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(
        records::one_line(fmt::format("{}: is no checkpoint of a run: {}", path.string(), error.what())));
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(
        records::one_line(fmt::format("{}: is no checkpoint of a run: {}", path.string(), error.what())));
  }
}

}  // namespace gradus::lab
