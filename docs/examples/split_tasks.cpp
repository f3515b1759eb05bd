// How much of the first tasks is forgotten while later ones are learnt? Fashion-MNIST's classes in five tasks of two,
// one after the other (Zenke, Poole & Ganguli 2017). Expected: with one head for all, the accuracy on a task falls to
// near 0 when the next one is trained.
//   build/bin/sweep run --output=results/split -- build/bin/examples/split_tasks --optimizer=sgd,adam --seed=0,1,2
#include "experiments/lab/trainer.h"
#include "experiments/workloads/datasets.h"
#include "nn/layers.h"
#include "nn/losses.h"

using namespace gradus;

int main(int argc, char** argv) {
  return lab::main("split_tasks", "Learns classes two by two and asks for all.", argc, argv, [](lab::Run& run) {
    const int tasks = run.option("tasks", 5, "that the classes are divided into", lab::at_least(1));
    const int epochs = run.option("epochs", 1, "passes over each task", lab::at_least(1));
    const int batch_size = run.option("batch_size", 32, "examples in a batch", lab::at_least(1));
    const auto optimizer = run.optimizer("sgd");
    const lab::Dataset data = workloads::choose_dataset(run, "fashion-mnist");
    run.start();

    const std::vector<lab::Source> train = data.train.divided(tasks), test = data.test.divided(tasks);
    lab::Trainer trainer(run,
                         nn::Sequential{nn::Linear{data.train.inputs().shape.size(), 128}, nn::Relu{},
                                        nn::Linear{128, data.train.targets().classes}},
                         nn::cross_entropy, *optimizer);
    lab::RunTable& matrix = run.table("accuracy",
                                      {{.name = "test_accuracy",
                                        .long_name = "share classified correctly, of all classes",
                                        .axis = "tested",
                                        .length = tasks,
                                        .better = records::Better::higher,
                                        .axis_long_name = "task that is tested"},
                                       {.name = "mean_test_accuracy",
                                        .long_name = "mean over the tasks learnt so far",
                                        .better = records::Better::higher}},
                                      {.name = "learnt", .long_name = "tasks learnt"});
    for (int task = 0; task < tasks; ++task) {
      const lab::Source& source = train[static_cast<std::size_t>(task)];
      for (int epoch = 0; epoch < epochs; ++epoch) {
        lab::Batches batches(source, batch_size, run.dtype(), run.stream("shuffle", task * epochs + epoch));
        for (const lab::Batch& batch : batches) run.log(trainer.step(batch));
      }
      std::vector<double> row;
      double learnt = 0;
      for (const lab::Source& tested : test) {
        row.push_back(trainer.evaluate(tested).accuracy);
        if (std::ssize(row) <= task + 1) learnt += row.back() / (task + 1);
      }
      row.push_back(learnt);
      matrix.append(task + 1, row);
    }
  });
}
