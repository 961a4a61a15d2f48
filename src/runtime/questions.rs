//! Questions of transports on their way to the person at the cockpit, and the answers back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::app::message::Message;
use crate::domain::question::{Answer, Question};
use crate::transport::Asker;

/// Hands each question to the cockpit as a message and keeps the way back for its answer.
#[derive(Clone)]
pub struct Questions {
    messages: mpsc::Sender<Message>,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    answers: HashMap<u64, oneshot::Sender<Answer>>,
}

impl Questions {
    /// Questions go out on `messages`.
    pub fn new(messages: mpsc::Sender<Message>) -> Self {
        Self { messages, waiting: Arc::default() }
    }

    /// Passes an answer to whoever asked question `id`; nothing happens when it was withdrawn.
    pub fn answer(&self, id: u64, answer: Answer) {
        if let Some(back) = self.lock().answers.remove(&id) {
            // A dial that was given up meanwhile no longer listens, and needs no answer.
            let _ = back.send(answer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asker for Questions {
    fn ask(&self, question: Question) -> oneshot::Receiver<Answer> {
        let (mut back, answer) = oneshot::channel();
        let (said, mut heard) = oneshot::channel();
        let id = {
            let mut waiting = self.lock();
            waiting.next += 1;
            let id = waiting.next;
            waiting.answers.insert(id, said);
            id
        };
        // A full message queue at this moment counts as nobody being there: the sender is dropped, the dial refused,
        // and the host page offers to try again.
        if self.messages.try_send(Message::Asked(id, question)).is_err() {
            self.lock().answers.remove(&id);
            return answer;
        }
        let questions = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                said = &mut heard => {
                    if let Ok(said) = said {
                        let _ = back.send(said);
                    }
                }
                // Nobody wants to know any more: the dialog goes, too.
                () = back.closed() => {
                    questions.lock().answers.remove(&id);
                    let _ = questions.messages.send(Message::Withdrawn(id)).await;
                }
            }
        });
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::host::HostName;

    #[tokio::test]
    async fn a_question_is_answered_or_withdrawn() {
        let (messages, mut inbox) = mpsc::channel(8);
        let questions = Questions::new(messages);
        let question = || Question::Passphrase { identity: "/k".to_owned(), host: HostName::from("web") };
        let first = questions.ask(question());
        let Some(Message::Asked(id, _)) = inbox.recv().await else { panic!("not asked") };
        questions.answer(id, Answer::AcceptOnce);
        assert!(matches!(first.await, Ok(Answer::AcceptOnce)));
        let second = questions.ask(question());
        let Some(Message::Asked(id, _)) = inbox.recv().await else { panic!("not asked") };
        drop(second);
        assert!(matches!(inbox.recv().await, Some(Message::Withdrawn(gone)) if gone == id));
        // Too late, and no harm.
        questions.answer(id, Answer::Refuse);
        assert!(questions.lock().answers.is_empty());
    }
}
