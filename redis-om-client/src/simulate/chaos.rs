//! The faults that happen to the servers and the connections, at random times, until they are healed.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    wire::End,
    world::{State, World},
};

/// Lets faults happen for this time, then ends all of them.
pub(super) async fn faults(world: World, time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        let pause = {
            let mut state = world.lock();
            let gap = state.plan.gap;
            state.random().millis(1, gap * 2)
        };
        tokio::time::sleep(pause).await;
        world.lock().fault();
    }
    world.lock().heal();
}

impl State {
    fn fault(&mut self) {
        let node = self.random().below(2);
        let time = self.random().millis(5, 400);
        let until = Some(Instant::now() + time);
        let open: Vec<_> = (0..self.conns.len()).filter(|index| self.conns[*index].is_open()).collect();
        let one = if open.is_empty() { None } else { Some(self.random().pick(&open)) };
        let end = self.random().pick(&[End::Closed, End::Reset]);
        let fault = self.random().below(12);
        self.note(|| format!("fault {fault} at server {node} for {time:?}"));
        match fault {
            0..=2 => {
                if let Some(index) = one {
                    self.cut(index, end);
                }
            }
            3 => open.into_iter().for_each(|index| self.cut(index, end)),
            4 => {
                self.counters.add("failovers");
                self.primary = 1 - self.primary;
                if self.random().percent(70) {
                    self.address = self.primary;
                }
                self.after_run();
            }
            5 => self.address = self.primary,
            6 => self.nodes[node].loading = until,
            7 => self.nodes[node].busy = until,
            8 => self.nodes[node].master_down = until,
            9 => {
                self.counters.add("silent servers");
                self.nodes[node].silent = until;
            }
            10 => {
                let kind = self.random().percent(50);
                let node = &mut self.nodes[node];
                if kind { node.refuses = until } else { node.rude = until }
            }
            _ => {
                if let Some(index) = one {
                    self.counters.add("silent connections");
                    self.conns[index].silent = true;
                }
            }
        }
    }

    /// Ends all faults. A silent connection stays silent: its client has to find that out. TCP keepalive would end one
    /// with a blocking command.
    pub(super) fn heal(&mut self) {
        self.healed = true;
        self.address = self.primary;
        self.nodes = Default::default();
        for index in 0..self.conns.len() {
            (self.conns[index].cut_up, self.conns[index].cut_down) = (None, None);
            if self.conns[index].silent && (self.conns[index].has_blocked || self.conns[index].blocked) {
                self.cut(index, End::Reset);
            }
        }
        self.note(|| "all faults are over".to_owned());
    }
}
