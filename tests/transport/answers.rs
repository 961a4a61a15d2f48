//! Somebody who answers, and remembers what was asked.

use std::sync::{Arc, Mutex};

use quarterdeck::domain::question::{Answer, Question};
use quarterdeck::transport::Asker;
use tokio::sync::oneshot;

/// Answers by a rule, and remembers the questions.
pub struct Answers {
    rule: Box<dyn Fn(&Question) -> Answer + Send + Sync>,
    asked: Mutex<Vec<Question>>,
}

impl Answers {
    /// Answers by this rule.
    pub fn by(rule: impl Fn(&Question) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { rule: Box::new(rule), asked: Mutex::default() })
    }

    /// Every question so far.
    pub fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

impl Asker for Answers {
    fn ask(&self, question: Question) -> oneshot::Receiver<Answer> {
        let (tx, rx) = oneshot::channel();
        let answer = (self.rule)(&question);
        self.asked.lock().unwrap().push(question);
        let _ = tx.send(answer);
        rx
    }
}

/// Asked, but never answers.
pub struct Silence(pub Mutex<Vec<oneshot::Sender<Answer>>>);

impl Asker for Silence {
    fn ask(&self, _: Question) -> oneshot::Receiver<Answer> {
        let (tx, rx) = oneshot::channel();
        self.0.lock().unwrap().push(tx);
        rx
    }
}
