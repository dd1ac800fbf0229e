// A fixed set of threads that share out numbered tasks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lstm_ref {

class ThreadPool {
 public:
  explicit ThreadPool(int num_threads);  // a caller of run() counts as one of them
  ~ThreadPool();

  // How many tasks can be under way at the same time: in a process made by fork() only one, its threads did not come along.
  int size() const { return forked() ? 1 : 1 + static_cast<int>(shared_->threads.size()); }

  // Calls task(0), ..., task(tasks - 1), each once, and returns when all are done. Up to size() tasks are under way at the same
  // time, as soon as earlier calls are done; they may wait for each other. Several threads may call run() at once. `task` must
  // not throw.
  void run(int tasks, const std::function<void(int)>& task);

 private:
  struct Job {
    const std::function<void(int)>& task;
    int tasks;
    int started = 0;
    std::atomic<int> finished{0};
  };
  // A child process made by fork() has these, but not the threads.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Job*> jobs;  // those with tasks not yet started
    bool stopping = false;
    std::vector<std::thread> threads;
  };

  bool forked() const;
  void stop();
  static void work(Shared& shared);
  static void run_next_task(Shared& shared, Job& job, std::unique_lock<std::mutex>& lock);

  std::unique_ptr<Shared> shared_;
  int process_;
};

}  // namespace lstm_ref
