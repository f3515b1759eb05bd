#include "tools/sweep/slurm/folder_queue.h"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "experiments/records/program.h"
#include "tools/sweep/slurm/job_arrays.h"
#include "tools/sweep/slurm/patient_talk.h"

namespace gradus::sweep {
namespace {

class FolderQueue {
 public:
  explicit FolderQueue(const std::filesystem::path& output) : slurm_(children_, signals_) {
    for (const JobArray& array : JobArrays::read(output)) names_.push_back(array.name);
  }
  std::vector<QueuedTasks> tasks() { return slurm_.queue(names_); }
  void cancel(const std::vector<QueuedTasks>& tasks) {
    std::set<std::string> jobs;
    for (const QueuedTasks& some : tasks) jobs.insert(fmt::to_string(some.job));
    slurm_.cancel({jobs.begin(), jobs.end()}, false);
  }
  void wait() {
    if (signals_.wait(std::chrono::milliseconds(500))) throw records::Interrupted{"interrupted"};
  }

 private:
  Signals signals_;
  Children children_;
  Slurm slurm_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<QueuedTasks> queued_tasks(const std::filesystem::path& output) {
  if (JobArrays::read(output).empty()) return {};
  return FolderQueue(output).tasks();
}

bool cancel_tasks(const std::filesystem::path& output) {
  if (JobArrays::read(output).empty()) return false;
  FolderQueue queue(output);
  constexpr auto patience = std::chrono::minutes(2);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  PatientTalk talk([](const std::string& line) { records::complain("sweep", line); });
  std::optional<std::vector<QueuedTasks>> left;  // none as long as it is not known
  bool were_any = false;
  const auto take_out = [&] {
    left = queue.tasks();
    if (left->empty()) return;
    were_any = true;
    queue.cancel(*left);
  };
  while (!talk.done(take_out) || !left->empty()) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error(
          fmt::format("{}: {} still in Slurm's queue {} minutes after it was to be cancelled", output.string(),
                      left ? fmt::format("job {} is", left->front().job) : "its tasks may be", patience.count()));
    queue.wait();
  }
  return were_any;
}

}  // namespace gradus::sweep
