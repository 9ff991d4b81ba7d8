//! One connection of a virtual server: reads commands, runs them, and sends the replies, late and in pieces.

use std::{future::poll_fn, task::Poll, time::Duration};

use tokio::time::{Instant, timeout};

use super::{
    answer::{Answer, push},
    data::{Ran, Words, number_of, writes},
    wire::End,
    world::{State, World},
};

const LOADING: &str = "LOADING Redis is loading the dataset in memory";
const BUSY: &str = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
const MASTER_DOWN: &str = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
const READONLY: &str = "READONLY You can't write against a read only replica.";
const UNBLOCKED: &str =
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
const ABORTED: &str = "EXECABORT Transaction discarded because of previous errors.";

/// Serves a connection until it is lost and all that arrived has run.
pub(super) async fn serve(world: World, index: usize) {
    let mut inbox = Vec::new();
    let mut late = false;
    loop {
        let pause = world.lock().silence(index);
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
            continue;
        }
        let arrived = poll_fn(|cx| {
            let mut state = world.lock();
            let pieces = state.plan.pieces;
            let most = state.conns[index].up.len();
            let gone = !state.conns[index].is_open();
            if most == 0 || (state.conns[index].silent && !gone) {
                if gone {
                    return Poll::Ready(None);
                }
                state.conns[index].server = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let count = if pieces { state.random().between(1, most) } else { most };
            let conn = &mut state.conns[index];
            let bytes: Vec<u8> = conn.up.drain(..count).collect();
            if let Some(waker) = conn.writer.take() {
                waker.wake();
            }
            Poll::Ready(Some(bytes))
        });
        let Some(bytes) = arrived.await else { break };
        inbox.extend(bytes);
        while let Some(words) = take_command(&mut inbox) {
            world.lock().conns[index].unanswered += 1;
            delay(&world, index, &mut late).await;
            if !step(&world, index, words).await {
                world.lock().conns[index].up.clear();
                inbox.clear();
            }
            let conn = &mut world.lock().conns[index];
            conn.unanswered -= 1;
        }
    }
    let mut state = world.lock();
    state.conns[index].served = true;
    state.conns[index].down.clear();
    state.note(|| format!("conn {index} has been served"));
}

/// Waits before a command runs: the server is slow, or silent, or the connection is lost and its bytes run late.
async fn delay(world: &World, index: usize, late: &mut bool) {
    let pause = {
        let mut state = world.lock();
        let (percent, longest) = state.plan.slow;
        if !state.conns[index].is_open() && !*late {
            *late = true;
            if state.random().percent(70) { state.random().millis(0, 400) } else { Duration::ZERO }
        } else if state.random().percent(percent) {
            state.counters.add("stalls");
            state.random().millis(0, longest)
        } else {
            Duration::ZERO
        }
    };
    if pause.is_zero() {
        let turns = world.lock().random().below(3);
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    } else {
        tokio::time::sleep(pause).await;
    }
    loop {
        let Some(pause) = world.lock().silence(index) else { break };
        tokio::time::sleep(pause).await;
    }
    poll_fn(|cx| {
        let mut state = world.lock();
        let conn = &mut state.conns[index];
        if conn.silent && conn.is_open() {
            conn.server = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Takes the first whole command out of the bytes that arrived.
fn take_command(inbox: &mut Vec<u8>) -> Option<Words> {
    fn line(bytes: &[u8], at: &mut usize) -> Option<usize> {
        let end = *at + bytes.get(*at..)?.windows(2).position(|pair| pair == b"\r\n")?;
        let number = std::str::from_utf8(&bytes[*at + 1..end]).ok()?.parse().ok();
        *at = end + 2;
        number
    }
    let mut at = 0;
    if inbox.is_empty() {
        return None;
    }
    assert_eq!(inbox[0], b'*', "the client sent {:?}", String::from_utf8_lossy(inbox));
    let count = line(inbox, &mut at)?;
    let mut words = Vec::with_capacity(count);
    for _ in 0..count {
        let length = line(inbox, &mut at)?;
        let word = inbox.get(at..at + length)?;
        words.push(String::from_utf8_lossy(word).into_owned());
        at += length + 2;
    }
    if inbox.len() < at {
        return None;
    }
    inbox.drain(..at);
    Some(words)
}

/// What the server does after a command.
enum Next {
    Say(Vec<Answer>),
    /// It says this and closes the connection.
    Leave(Option<Answer>),
    Block,
}

/// Runs one command and sends its reply. `false`: the connection has ended.
async fn step(world: &World, index: usize, words: Words) -> bool {
    let next = {
        let mut state = world.lock();
        let next = state.command(index, &words);
        let is_late = !state.conns[index].is_open();
        if is_late && number_of(&words).is_some() {
            state.counters.add("ran after the loss");
        }
        next
    };
    match next {
        Next::Say(answers) => {
            for answer in answers {
                send(world, index, &answer).await;
            }
        }
        Next::Leave(answer) => {
            if let Some(answer) = answer {
                send(world, index, &answer).await;
            }
            world.lock().cut(index, End::Closed);
            return false;
        }
        Next::Block => {
            let answer = block(world, index, &words).await;
            send(world, index, &answer).await;
        }
    }
    true
}

/// Waits until the blocking command gets an element, its time is up, or the connection or the role is lost.
async fn block(world: &World, index: usize, words: &[String]) -> Answer {
    let seconds: f64 = words.last().and_then(|word| word.parse().ok()).unwrap_or(0.0);
    world.lock().conns[index].blocked = true;
    let wait = poll_fn(|cx| {
        let mut state = world.lock();
        if !state.conns[index].is_open() {
            return Poll::Ready(Answer::Nil);
        }
        if state.conns[index].node != state.primary {
            state.counters.add("UNBLOCKED");
            return Poll::Ready(Answer::Error(UNBLOCKED.to_owned()));
        }
        match state.data.run(words, None) {
            Ran::Answer(answer) => {
                state.after_run();
                state.note(|| format!("conn {index} ran {words:?}: {answer:?}"));
                Poll::Ready(answer)
            }
            Ran::Blocks => {
                state.data.waiting.push(cx.waker().clone());
                state.conns[index].server = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    });
    let answer = if seconds > 0.0 {
        timeout(Duration::from_secs_f64(seconds), wait).await.unwrap_or(Answer::Nil)
    } else {
        wait.await
    };
    world.lock().conns[index].blocked = false;
    answer
}

/// Sends a reply in pieces, perhaps with a push message before it or inside.
async fn send(world: &World, index: usize, answer: &Answer) {
    let mut bytes = Vec::new();
    {
        let mut guard = world.lock();
        let state = &mut *guard;
        let resp3 = state.conns[index].resp3;
        let pushes = resp3 && state.conns[index].greeted;
        let percent = state.plan.pushes;
        if pushes && state.random().percent(percent) {
            bytes.extend(push(state.random().below(1000)).bytes());
            state.counters.add("pushes between");
        }
        let inside = state.random.as_mut().filter(|_| pushes && percent > 0);
        let count = answer.encode(resp3, inside, &mut bytes);
        state.counters.add_many("pushes inside", count as u64);
        if let Answer::Error(line) = answer {
            state.count_error(line);
        }
    }
    deliver(world, index, &bytes).await;
}

/// Sends bytes in pieces.
async fn deliver(world: &World, index: usize, bytes: &[u8]) {
    let mut at = 0;
    while at < bytes.len() {
        let pause = {
            let mut state = world.lock();
            if !state.conns[index].is_open() {
                return;
            }
            let mut count = bytes.len() - at;
            if state.plan.pieces && state.random().percent(40) {
                count = state.random().between(1, count);
            }
            let left = state.conns[index].cut_down;
            if let Some(left) = left {
                count = count.min(left);
                state.conns[index].cut_down = Some(left - count);
            }
            let conn = &mut state.conns[index];
            conn.down.extend(&bytes[at..at + count]);
            if let Some(waker) = conn.reader.take() {
                waker.wake();
            }
            at += count;
            if left == Some(count) {
                if at < bytes.len() {
                    state.counters.add("lost within a reply");
                }
                let end = state.random().pick(&[End::Closed, End::Reset]);
                state.cut(index, end);
                return;
            }
            let slow = at < bytes.len() && state.random().percent(30);
            if slow { state.random().millis(0, 3) } else { Duration::ZERO }
        };
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
}

impl State {
    /// How long the server of this connection stays silent.
    fn silence(&self, index: usize) -> Option<Duration> {
        let until = self.nodes[self.conns[index].node].silent?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    fn count_error(&mut self, line: &str) {
        let code = line.split(' ').next().unwrap_or_default();
        let known = ["LOADING", "BUSY", "MASTERDOWN", "READONLY", "NOSCRIPT", "WRONGTYPE", "EXECABORT"];
        if let Some(name) = known.into_iter().find(|name| *name == code) {
            self.counters.add(name);
        }
    }

    /// Wakes the connections that wait for an element.
    pub(super) fn after_run(&mut self) {
        self.data.waiting.drain(..).for_each(std::task::Waker::wake);
    }

    fn command(&mut self, index: usize, words: &[String]) -> Next {
        if !self.conns[index].greeted {
            return self.greet(index, words);
        }
        let say = |answer| Next::Say(vec![answer]);
        let ok = || Next::Say(vec![Answer::Simple("OK")]);
        match &*words[0] {
            "PING" => {
                self.counters.add("idle pings");
                say(Answer::Simple("PONG"))
            }
            "MULTI" => {
                let conn = &mut self.conns[index];
                if conn.queue.is_some() {
                    return say(Answer::Error("ERR MULTI calls can not be nested".into()));
                }
                (conn.queue, conn.aborted) = (Some(Vec::new()), false);
                ok()
            }
            "EXEC" => say(self.exec(index)),
            "WATCH" => {
                if let Some(line) = self.refusal(index, words) {
                    return say(Answer::Error(line.into()));
                }
                let versions = words[1..].iter().map(|key| (key.clone(), self.data.version(key)));
                let versions: Vec<_> = versions.collect();
                self.conns[index].watched.extend(versions);
                ok()
            }
            "UNWATCH" => {
                self.conns[index].watched.clear();
                ok()
            }
            "EVALSHA" => say(Answer::Error("NOSCRIPT No matching script. Please use EVAL.".into())),
            _ => self.data_command(index, words),
        }
    }

    /// Why the server refuses a command for now.
    fn refusal(&self, index: usize, words: &[String]) -> Option<&'static str> {
        let conn = &self.conns[index];
        let node = &self.nodes[conn.node];
        let now = Instant::now();
        let is = |until: Option<Instant>| until.is_some_and(|until| now < until);
        if is(node.loading) {
            return Some(LOADING);
        }
        if is(node.busy) {
            return Some(BUSY);
        }
        if is(node.master_down) && conn.node != self.primary {
            return Some(MASTER_DOWN);
        }
        (conn.node != self.primary && writes(words) && words[0] != "EVAL").then_some(READONLY)
    }

    fn data_command(&mut self, index: usize, words: &[String]) -> Next {
        let (wanted, found) = (self.plan.database, self.conns[index].database);
        if wanted != found {
            self.violated(format!("{words:?} came over conn {index} for database {found}, not {wanted}"));
        }
        let refusal = self.refusal(index, words);
        let conn = &mut self.conns[index];
        if let Some(line) = refusal {
            conn.aborted = true;
            self.note(|| format!("conn {index} refused {words:?}: {line}"));
            return Next::Say(vec![Answer::Error(line.to_owned())]);
        }
        if let Some(queue) = &mut conn.queue {
            queue.push(words.to_vec());
            return Next::Say(vec![Answer::Simple("QUEUED")]);
        }
        let answer = self.apply(index, words, None);
        match answer {
            None => {
                self.conns[index].has_blocked = true;
                Next::Block
            }
            Some(answer) => Next::Say(vec![answer]),
        }
    }

    /// Runs a command. `None`: it blocks.
    fn apply(&mut self, index: usize, words: &[String], group: Option<u64>) -> Option<Answer> {
        // A script runs, and its own write is refused.
        if words[0] == "EVAL" && self.conns[index].node != self.primary {
            return Some(Answer::Error(format!("{READONLY} script: f_1, on @user_script:1.")));
        }
        match self.data.run(words, group) {
            Ran::Answer(answer) => {
                if writes(words) {
                    self.after_run();
                }
                self.note(|| format!("conn {index} ran {words:?}: {answer:?}"));
                Some(answer)
            }
            Ran::Blocks => None,
        }
    }

    fn exec(&mut self, index: usize) -> Answer {
        let Some(queue) = self.conns[index].queue.take() else {
            return Answer::Error("ERR EXEC without MULTI".into());
        };
        let watched = std::mem::take(&mut self.conns[index].watched);
        if self.conns[index].aborted {
            return Answer::Error(ABORTED.to_owned());
        }
        if let Some(line) = queue.iter().find_map(|words| self.refusal(index, words)) {
            return Answer::Error(format!("EXECABORT Transaction discarded because of: {line}"));
        }
        if watched.iter().any(|(key, version)| self.data.version(key) != *version) {
            self.counters.add("conflicts");
            return Answer::Nil;
        }
        self.data.groups += 1;
        let group = Some(self.data.groups);
        let answers = queue.iter().map(|words| self.apply(index, words, group).unwrap_or(Answer::Nil));
        Answer::List(answers.collect())
    }

    /// The commands before the first one of a caller.
    fn greet(&mut self, index: usize, words: &[String]) -> Next {
        let say = |answer| Next::Say(vec![answer]);
        let now = Instant::now();
        if self.nodes[self.conns[index].node].rude.is_some_and(|until| now < until) {
            self.counters.add("greetings broken off");
            let full = Answer::Error("ERR max number of clients reached".into());
            let answer = self.random().percent(50).then_some(full);
            self.note(|| format!("conn {index} is turned away"));
            return Next::Leave(answer);
        }
        let login = |words: &[String]| words.last().is_some_and(|word| word == "secret");
        match &*words[0] {
            "HELLO" if self.plan.old => say(Answer::Error("ERR unknown command 'HELLO'".into())),
            "HELLO" => {
                let conn = &mut self.conns[index];
                conn.allowed |= words.get(2).is_some_and(|word| word == "AUTH") && login(words);
                if !conn.allowed {
                    return say(Answer::Error(
                        "NOAUTH HELLO must be called with the client already authenticated".into(),
                    ));
                }
                conn.resp3 = true;
                let pairs = ["server", "redis", "proto"].map(|word| Answer::Bulk(word.into()));
                say(Answer::List(pairs.into_iter().chain([Answer::Int(3)]).collect()))
            }
            "AUTH" => {
                self.conns[index].allowed |= login(words);
                say(Answer::Simple("OK"))
            }
            _ if !self.conns[index].allowed => say(Answer::Error("NOAUTH Authentication required.".into())),
            "SELECT" => {
                self.conns[index].database = words[1].parse().unwrap_or(0);
                say(Answer::Simple("OK"))
            }
            "PING" => say(Answer::Simple("PONG")),
            "CLIENT" => {
                if self.plan.old {
                    self.counters.add("names refused");
                    return say(Answer::Error("ERR Unknown subcommand".into()));
                }
                say(Answer::Simple("OK"))
            }
            _ => {
                let conn = &mut self.conns[index];
                conn.greeted = true;
                let name = if conn.resp3 { "RESP3" } else { "RESP2" };
                self.counters.add(name);
                self.command(index, words)
            }
        }
    }
}
