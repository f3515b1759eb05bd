// Which of SGD, Adam and RMSprop trains a small dense network better? This program trains one network with one
// optimizer and one seed; the sweep beside it asks the question.
#include <fmt/format.h>

#include <limits>

#include "experiments/lab/trainer.h"
#include "experiments/workloads/mlp.h"
#include "experiments/workloads/models.h"
#include "nn/losses.h"

using namespace gradus;

namespace {

// Keras' defaults, which the comparison started from.
const std::vector<lab::MethodDefaults> keras = {
    {"sgd", {{"learning_rate", 0.01}}},
    {"adam", {{"learning_rate", 0.001}, {"epsilon", 1e-7}}},
    {"adamw", {{"learning_rate", 0.001}, {"epsilon", 1e-7}}},
    {"rmsprop", {{"learning_rate", 0.001}, {"rho", 0.9}, {"epsilon", 1e-7}}}};

const std::vector<lab::Column> columns = {
    {"training_loss", "nat", "mean loss over the training set after the epoch"},
    {"training_accuracy", "1", "share of the training set classified correctly after the epoch"},
    {"validation_loss", "nat", "mean loss over the held-out set after the epoch"},
    {"validation_accuracy", "1", "share of the held-out set classified correctly after the epoch"},
    {"running_loss", "nat", "mean loss of the epoch's batches while training"},
    {"training_seconds", "s", "seconds spent training so far, without evaluation and logging"},
    {"optimizer_state_bytes", "byte", "memory that the optimizer keeps between steps"},
    {"gradients", "1", "gradients evaluated so far"},
    {"examples", "1", "training examples seen so far"}};

}  // namespace

int main(int argc, char** argv) {
  return lab::main(
      "optimizer_comparison", "Trains a dense network on images with one optimizer and one seed.", argc, argv,
      [](lab::Run& run) {
        const int epochs = run.option("epochs", 5, "passes over the training set", lab::at_least(1));
        const int batch_size = run.option("batch_size", 32, "examples in a batch", lab::at_least(1));
        const workloads::Model model = workloads::choose_model(run, workloads::Mlp{});
        const auto optimizer = run.optimizer("sgd", keras);
        const lab::Dataset& data = run.dataset("fashion-mnist");
        // Refused before the run starts; the data's sizes, known only then, do not matter for this.
        lab::from_options([&] {
          optimizer->check(
              lab::NetworkObjective(model.make({{1, 1}, 2}), nn::cross_entropy, run.dtype(), run.stream("noise")));
        });
        run.start();

        lab::Trainer trainer(run, model.make(workloads::classification(data)), nn::cross_entropy, *optimizer);
        lab::RunTable& table = run.table("epoch", columns);
        const auto record = [&](int epoch, double running_loss) {
          const lab::Evaluation training = trainer.evaluate(data.train), validation = trainer.evaluate(data.test);
          table.append(epoch,
                       {training.loss, training.accuracy, validation.loss, validation.accuracy, running_loss,
                        trainer.training_seconds(), static_cast<double>(optimizer->state_bytes()),
                        static_cast<double>(trainer.costs().gradients), static_cast<double>(trainer.costs().examples)});
          run.say(
              fmt::format("epoch {:2}: training loss {:.4f}, accuracy {:.4f}; held-out loss {:.4f}, accuracy {:.4f}",
                          epoch, training.loss, training.accuracy, validation.loss, validation.accuracy));
          return validation.loss;
        };

        lab::Batches batches(data.train, batch_size, run.stream("shuffle", 0));
        run.expect_steps(batches.size() * epochs);
        optimizer->check_steps(batches.size() * epochs);
        record(0, std::numeric_limits<double>::quiet_NaN());
        for (int epoch = 1; epoch <= epochs; ++epoch) {
          batches.shuffle(run.stream("shuffle", static_cast<std::uint64_t>(epoch)));
          double running_loss = 0;
          for (const lab::Batch& batch : batches) {
            const optim::StepReport report = trainer.step(batch);
            run.log(report);
            running_loss +=
                report.loss * static_cast<double>(batch.labels.size()) / static_cast<double>(data.train.size());
          }
          optimizer->observe(record(epoch, running_loss));
        }
      });
}
