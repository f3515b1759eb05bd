#include "tools/sweep/slurm/job_arrays.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <nlohmann/json.hpp>

#include "experiments/records/files.h"
#include "experiments/records/program.h"
#include "experiments/records/sealed.h"
#include "experiments/records/whole_number.h"
#include "tools/sweep/layout.h"
#include "tools/sweep/table.h"

namespace gradus::sweep {
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* jobs_file = "jobs.json";

JobArray array_in(const json& array) {
  require_folder_name(array.at("name").get<std::string>());  // its folder is removed some day
  return {array.at("name").get<std::string>(), records::whole_number<std::int64_t>(array.at("job")),
          array.at("build").get<std::string>(), array.at("tasks").get<std::vector<std::vector<std::string>>>()};
}

std::vector<JobArray> arrays_in(const fs::path& path) {
  std::vector<JobArray> arrays;
  const json document = records::read_current(path);
  const auto damaged = [&](const std::exception& error) {
    return records::Damaged(fmt::format("{}: damaged: {}", path.string(), error.what()));
  };
  try {
    for (const json& array : document.at("arrays")) arrays.push_back(array_in(array));
  } catch (const json::exception& error) {
    throw damaged(error);
  } catch (const std::invalid_argument& error) {
    throw damaged(error);
  }
  return arrays;
}

}  // namespace

std::vector<JobArray> JobArrays::read(const fs::path& output) {
  const fs::path path = output / slurm_folder / jobs_file;
  std::error_code error;
  return fs::exists(path, error) ? arrays_in(path) : std::vector<JobArray>();
}

JobArrays::JobArrays(const fs::path& output) : folder_(fs::absolute(output) / slurm_folder) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw records::SystemError(folder_, "cannot create", error.value());
  const fs::path path = folder_ / ".lock";
  lock_ = records::Descriptor(path, O_RDWR | O_CREAT, 0644);
  if (records::try_lock(lock_.get(), path) == records::Lock::others)
    throw std::runtime_error(fmt::format("{}: another sweep hands runs of this folder to Slurm now", output.string()));
  try {
    arrays_ = read(output);
  } catch (const records::Damaged& damage) {
    records::complain("sweep", fmt::format("{}; jobs that it named may run beside the new ones", damage.what()));
  }
}

JobArray& JobArrays::at(const std::string& name) {
  return *std::find_if(arrays_.begin(), arrays_.end(), [&](const JobArray& array) { return array.name == name; });
}

JobArray& JobArrays::add() {
  JobArray array;
  array.name = "sweep-" + records::sha256(fmt::format("{} {} {} {}", folder_.string(), ::getpid(), ::gethostid(),
                                                      std::chrono::system_clock::now().time_since_epoch().count()))
                              .substr(0, 16);
  std::error_code error;
  fs::create_directory(folder(array.name), error);
  if (error) throw records::SystemError(folder(array.name), "cannot create", error.value());
  arrays_.push_back(std::move(array));
  return arrays_.back();
}

void JobArrays::remove(const std::string& name) {
  records::remove_folder(folder(name));
  std::erase_if(arrays_, [&](const JobArray& array) { return array.name == name; });
}

void JobArrays::write() const {
  json arrays = json::array();
  for (const JobArray& array : arrays_)
    arrays.push_back({{"name", array.name}, {"job", array.job}, {"build", array.build}, {"tasks", array.tasks}});
  records::write_file(folder_ / jobs_file,
                      records::sealed_text({{"schema", records::schema_version}, {"arrays", arrays}}));
}

fs::path folder_of_array(const fs::path& output, const std::string& array) { return output / slurm_folder / array; }
fs::path plan_of_task(const fs::path& array, int task) { return array / fmt::format("{}.json", task); }
fs::path log_of_task(const fs::path& array, int task) { return array / fmt::format("{}.log", task); }
fs::path left_by_task(const fs::path& array, int task) { return array / fmt::format("{}.left", task); }

bool has_job_arrays(const fs::path& output) {
  try {
    return !JobArrays::read(output).empty();
  } catch (const std::exception&) {
    return true;
  }
}

}  // namespace gradus::sweep
