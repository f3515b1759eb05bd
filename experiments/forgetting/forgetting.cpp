// How much of the first tasks is forgotten while later ones are learnt, by which optimizer, and what helps? The sweep
// beside it asks the question.
#include "experiments/lab/anchor_penalty.h"
#include "experiments/lab/joined_source.h"
#include "experiments/lab/trainer.h"
#include "experiments/workloads/accuracy_matrix.h"
#include "experiments/workloads/datasets.h"
#include "experiments/workloads/task_sequence.h"
#include "nn/layers.h"
#include "nn/losses.h"

using namespace gradus;

int main(int argc, char** argv) {
  return lab::main("forgetting", "Learns tasks one after another and asks for all.", argc, argv, [](lab::Run& run) {
    const std::string kind =
        run.option("sequence", "split", "of tasks", lab::one_of(workloads::task_sequences().names()));
    const int count = run.option("tasks", 5, "in the sequence", lab::at_least(2));
    const int steps = run.option("task_steps", 375, "on each task", lab::at_least(1));
    const int batch_size = run.option("batch_size", 32, "examples in a batch", lab::at_least(1));
    const int tested = run.option("evaluation_examples", 0, "the first of each set; 0: all", lab::at_least(0));
    const int width = run.option("width", 128, "units of the hidden layer", lab::at_least(1));
    const std::string remedy =
        run.option("remedy", "none", "against forgetting", lab::one_of({"none", "l2", "ewc", "rehearsal"}));
    const bool is_rehearsed = remedy == "rehearsal", is_anchored = remedy == "l2" || remedy == "ewc";
    const double strength = is_anchored ? run.option("strength", 1.0, "of the penalty", lab::at_least(0)) : 0;
    const int memory = is_rehearsed ? run.option("memory", 100, "examples kept of a task", lab::at_least(1)) : 0;
    auto chosen = run.optimizer("sgd");
    const lab::Dataset data = workloads::choose_dataset(run, "fashion-mnist", 10000);
    run.start();

    const auto tasks = workloads::task_sequences().find(kind).make(data, count, run.stream("tasks"));
    auto penalty = std::make_unique<lab::AnchorPenalty>(strength);
    lab::AnchorPenalty& anchors = *penalty;
    optim::DecoratingWrapper optimizer("anchor", std::move(chosen.optimizer), std::move(penalty));
    lab::Trainer trainer(run,
                         nn::Sequential{nn::Linear{data.train.inputs().shape.size(), width}, nn::Relu{},
                                        nn::Linear{width, data.train.targets().classes}},
                         nn::cross_entropy, optimizer);
    workloads::AccuracyMatrix matrix(run, tasks, tested);
    std::vector<lab::Source> kept;
    for (int task = 0; task < count; ++task) {
      lab::Source source = tasks[static_cast<std::size_t>(task)].train;
      if (!kept.empty()) source = lab::joined({source, lab::repeated(lab::joined(kept), source.size())});
      lab::BatchStream batches(source, batch_size, run.dtype(), lab::Order::shuffled,
                               [&](auto pass) { return run.stream("shuffle", pass).child("task", task); });
      for (int step = 0; step < steps; ++step) run.log(trainer.step(batches.next()));
      matrix.measure(trainer);
      const Tensor& theta = trainer.parameters();
      const lab::Source& learnt = tasks[static_cast<std::size_t>(task)].train;
      if (remedy == "l2") anchors.add(theta, Tensor::full(theta.shape(), 1, theta.dtype()));
      if (remedy == "ewc") anchors.add(theta, lab::fisher_diagonal(trainer.objective(), learnt, 1000, theta));
      if (is_rehearsed) kept.push_back(learnt.first(memory));
    }
  });
}
