// Does the best learning rate of plain SGD depend on the width of the network? Expected: a wide network tolerates less.
#include "experiments/lab/trainer.h"
#include "nn/layers.h"
#include "nn/losses.h"

using namespace gradus;

int main(int argc, char** argv) {
  return lab::main("width_study", "Trains one hidden layer of some width.", argc, argv, [](lab::Run& run) {
    const int width = run.option("width", 128, "units in the hidden layer", lab::at_least(1));
    const int epochs = run.option("epochs", 5, "passes over the training set", lab::at_least(1));
    const auto optimizer = run.optimizer("sgd");              // --optimizer and each of its hyperparameters
    const lab::Dataset& data = run.dataset("fashion-mnist");  // --data, --data-dir
    run.start();  // ends the options: --help, --describe and unknown ones stop here; loads the data, claims the folder

    lab::Trainer trainer(
        run, nn::Sequential{nn::Linear{data.height * data.width, width}, nn::Relu{}, nn::Linear{width, data.classes}},
        nn::cross_entropy, *optimizer);
    lab::RunTable& table = run.table("epoch", {{"validation_loss", "nat", "mean loss over the held-out set"},
                                               {"validation_accuracy", "1", "share of it classified correctly"},
                                               {"training_seconds", "s", "spent in steps so far"}});
    lab::Batches batches(data.train, 32, run.stream("shuffle"));
    run.expect_steps(batches.size() * epochs);
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      batches.shuffle(run.stream("shuffle", epoch));
      for (const lab::Batch& batch : batches) run.log(trainer.step(batch));
      const lab::Evaluation held_out = trainer.evaluate(data.test);
      table.append(epoch, {held_out.loss, held_out.accuracy, trainer.training_seconds()});
    }
  });
}
