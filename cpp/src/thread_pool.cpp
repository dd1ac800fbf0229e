#include "thread_pool.hpp"

#include <unistd.h>

#include <algorithm>

#include "synchronize.hpp"

namespace lstm_ref {
namespace {

constexpr int kLooks = 4096;  // 50 to 200 microseconds

}  // namespace

ThreadPool::ThreadPool(int num_threads) : shared_(std::make_unique<Shared>()), process_(getpid()) {
  try {
    for (int i = 1; i < num_threads; ++i) shared_->threads.emplace_back(work, std::ref(*shared_));
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() {
  if (forked()) {
    static_cast<void>(shared_.release());  // a leak by intent: its threads and its locks belong to the parent
  } else {
    stop();
  }
}

void ThreadPool::run(int tasks, const std::function<void(int)>& task) {
  if (tasks <= 1 || shared_->threads.empty() || forked()) {
    for (int i = 0; i < tasks; ++i) task(i);
    return;
  }
  Job job{task, tasks};
  std::unique_lock<std::mutex> lock(shared_->mutex);
  shared_->jobs.push_back(&job);
  shared_->changed.notify_all();
  while (job.started < job.tasks) run_next_task(*shared_, job, lock);
  lock.unlock();
  const auto finished = [&] { return job.finished.load(std::memory_order_acquire) == job.tasks; };
  spin(finished, kLooks);  // to be woken takes as long as the others are late when they were woken
  lock.lock();             // whoever was the last is done with the job when it lets go
  shared_->changed.wait(lock, finished);
}

bool ThreadPool::forked() const { return getpid() != process_; }

void ThreadPool::stop() {
  {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->changed.notify_all();
  for (std::thread& thread : shared_->threads) thread.join();
}

void ThreadPool::work(Shared& shared) {
  std::unique_lock<std::mutex> lock(shared.mutex);
  while (true) {
    shared.changed.wait(lock, [&] { return shared.stopping || !shared.jobs.empty(); });
    if (shared.stopping) return;
    run_next_task(shared, *shared.jobs.front(), lock);
  }
}

void ThreadPool::run_next_task(Shared& shared, Job& job, std::unique_lock<std::mutex>& lock) {
  const int index = job.started++;
  if (job.started == job.tasks) shared.jobs.erase(std::find(shared.jobs.begin(), shared.jobs.end(), &job));
  lock.unlock();
  job.task(index);
  lock.lock();
  if (++job.finished == job.tasks) shared.changed.notify_all();
}

}  // namespace lstm_ref
