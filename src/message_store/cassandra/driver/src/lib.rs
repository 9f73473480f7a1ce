//! The `scylla` driver behind a C interface; `cql_driver.h` says what each function does.
//!
//! Values cross as CQL wire cells, so nothing here knows a table. The runtime has one thread: it moves bytes, and every
//! callback is called on it.

mod cells;
mod coordinators;
mod debt;
mod failure;

use std::ffi::{c_char, c_void, CStr};
use std::num::NonZeroUsize;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::ssl::{SslConnector, SslMethod};
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::{Session, TlsContext};
use scylla::client::session_builder::SessionBuilder;
use scylla::client::PoolSize;
use scylla::errors::ExecutionError;
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::response::query_result::QueryResult;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared::Statement;
use scylla::statement::Consistency;
use tokio::runtime::{Builder, Runtime};

use cells::{split_rows, RawRow};
use coordinators::AnsweringFirst;
use failure::{Failure, Reason, Refusal};

/// A coordinator that has not answered by then is asked beside another one: it may hang with its connection open. Later
/// requests go to others first (`coordinators.rs`).
const SECOND_COORDINATOR_AFTER: Duration = Duration::from_millis(250);

pub struct CqlSession {
    runtime: Runtime,
    session: Arc<Session>,
}

pub struct CqlStatement {
    prepared: PreparedStatement,
    columns: usize,
}

/// `data`: the rows' cells, or the text of an error. It is valid during the call only.
type Callback = extern "C" fn(user: *mut c_void, code: i32, data: *const u8, length: usize, rows: u32, columns: u32);

/// Goes with a request from the caller's thread to the runtime's and back out.
#[derive(Clone, Copy)]
struct Reply {
    callback: Callback,
    user: *mut c_void,
}
// SAFETY: the caller promises (cql_driver.h) that `user` may be used on any thread.
unsafe impl Send for Reply {}

impl Reply {
    fn rows(self, result: Result<QueryResult, ExecutionError>) {
        match result.map_err(Failure::from).and_then(cells::collect) {
            Ok(rows) => (self.callback)(
                self.user,
                0,
                rows.cells.as_ptr(),
                rows.cells.len(),
                rows.count,
                rows.columns,
            ),
            Err(failure) => self.fail(&failure),
        }
    }

    fn fail(self, failure: &Failure) {
        (self.callback)(
            self.user,
            failure.code as i32,
            failure.text.as_ptr(),
            failure.text.len(),
            0,
            0,
        );
    }
}

unsafe fn text<'a>(pointer: *const c_char) -> &'a str {
    CStr::from_ptr(pointer).to_str().unwrap_or("")
}

unsafe fn bytes<'a>(data: *const u8, length: usize) -> &'a [u8] {
    if length == 0 {
        &[]
    } else {
        slice::from_raw_parts(data, length)
    }
}

/// Puts the sentence, cut to what fits and ended by a NUL, where the caller asked for it.
unsafe fn tell(sentence: &str, error: *mut c_char, capacity: usize) {
    if capacity == 0 {
        return;
    }
    let length = sentence.len().min(capacity - 1);
    std::ptr::copy_nonoverlapping(sentence.as_ptr(), error.cast(), length);
    *error.add(length) = 0;
}

/// Trusts `ca_file`, or the system's authorities where it is empty. The driver has each node's address verified.
fn tls_context(ca_file: &str) -> Result<TlsContext, Refusal> {
    let unreadable = |error: ErrorStack| Refusal {
        reason: Reason::NoAuthority,
        text: error.to_string(),
    };
    let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(unreadable)?;
    if !ca_file.is_empty() {
        builder.set_ca_file(ca_file).map_err(unreadable)?;
    }
    Ok(builder.into())
}

async fn open(target: &Target<'_>) -> Result<Session, Refusal> {
    let timeout = target.timeout;
    let profile = ExecutionProfile::builder()
        .request_timeout(Some(timeout))
        .consistency(Consistency::Quorum)
        .load_balancing_policy(Arc::new(AnsweringFirst::new()))
        .speculative_execution_policy(Some(Arc::new(SimpleSpeculativeExecutionPolicy {
            max_retry_count: 1,
            retry_interval: SECOND_COORDINATOR_AFTER,
        })))
        .build();
    let hosts = target.hosts.split(',').map(str::trim);
    let mut builder = SessionBuilder::new()
        .known_nodes(hosts.filter(|host| !host.is_empty()))
        .pool_size(PoolSize::PerHost(NonZeroUsize::MIN))
        .connection_timeout(timeout)
        .keepalive_interval(timeout)
        .keepalive_timeout(timeout)
        .keyspaces_to_fetch([target.keyspace])
        .default_execution_profile_handle(profile.into_handle());
    if !target.user.is_empty() {
        builder = builder.user(target.user, target.password);
    }
    if let Some(ca_file) = target.ca_file {
        builder = builder.tls_context(Some(tls_context(ca_file)?));
    }
    builder.build().await.map_err(Refusal::from)
}

/// `CqlTarget` of `cql_driver.h`.
#[repr(C)]
pub struct CqlTarget {
    hosts: *const c_char,
    keyspace: *const c_char,
    user: *const c_char,
    password: *const c_char,
    ca_file: *const c_char,
    timeout_ms: u32,
}

struct Target<'a> {
    hosts: &'a str,
    keyspace: &'a str,
    user: &'a str,
    password: &'a str,
    ca_file: Option<&'a str>,
    timeout: Duration,
}

/// # Safety
/// The texts end with a NUL; `error` has room for `capacity` bytes.
#[no_mangle]
pub unsafe extern "C" fn c4a_cql_connect(
    target: *const CqlTarget,
    reason: *mut i32,
    error: *mut c_char,
    capacity: usize,
) -> *mut CqlSession {
    let from = &*target;
    let target = Target {
        hosts: text(from.hosts),
        keyspace: text(from.keyspace),
        user: text(from.user),
        password: text(from.password),
        ca_file: (!from.ca_file.is_null()).then(|| text(from.ca_file)),
        timeout: Duration::from_millis(from.timeout_ms.into()),
    };
    let runtime = match Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("cassandra")
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(failed) => {
            *reason = Reason::NoAnswer as i32;
            tell(&failed.to_string(), error, capacity);
            return std::ptr::null_mut();
        }
    };
    match runtime.block_on(open(&target)) {
        Ok(session) => Box::into_raw(Box::new(CqlSession {
            runtime,
            session: Arc::new(session),
        })),
        Err(refusal) => {
            *reason = refusal.reason as i32;
            tell(&refusal.text, error, capacity);
            runtime.shutdown_background();
            std::ptr::null_mut()
        }
    }
}

/// # Safety
/// `session` came from `c4a_cql_connect` and is used no more; no request is under way.
#[no_mangle]
pub unsafe extern "C" fn c4a_cql_close(session: *mut CqlSession) {
    let CqlSession { runtime, session } = *Box::from_raw(session);
    drop(session);
    runtime.shutdown_timeout(Duration::from_secs(2));
}

/// # Safety
/// The pointers are valid; `error` has room for `capacity` bytes.
#[no_mangle]
pub unsafe extern "C" fn c4a_cql_prepare(
    session: *const CqlSession,
    cql: *const c_char,
    one_copy: bool,
    statement: *mut *mut CqlStatement,
    error: *mut c_char,
    capacity: usize,
) -> i32 {
    let session = &*session;
    match session.runtime.block_on(session.session.prepare(text(cql))) {
        Ok(mut prepared) => {
            prepared.set_consistency(if one_copy {
                Consistency::One
            } else {
                Consistency::Quorum
            });
            prepared.set_is_idempotent(true);
            let columns = prepared.get_variable_col_specs().len();
            *statement = Box::into_raw(Box::new(CqlStatement { prepared, columns }));
            0
        }
        Err(failed) => {
            let failure = Failure::from(failed);
            tell(&failure.text, error, capacity);
            failure.code as i32
        }
    }
}

/// # Safety
/// `statement` came from `c4a_cql_prepare` and is used no more.
#[no_mangle]
pub unsafe extern "C" fn c4a_cql_drop_statement(statement: *mut CqlStatement) {
    drop(Box::from_raw(statement));
}

/// # Safety
/// The pointers are valid; `user` stays so until the callback.
#[no_mangle]
pub unsafe extern "C" fn c4a_cql_query(
    session: *const CqlSession,
    cql: *const c_char,
    timeout_ms: u32,
    callback: Callback,
    user: *mut c_void,
) {
    let reply = Reply { callback, user };
    let session = &*session;
    let connection = session.session.clone();
    let mut statement = Statement::new(text(cql));
    statement.set_consistency(Consistency::Quorum);
    statement.set_request_timeout(Some(Duration::from_millis(timeout_ms.into())));
    session.runtime.spawn(async move {
        let reply = reply;
        reply.rows(connection.query_unpaged(statement, ()).await);
    });
}

/// # Safety
/// The pointers are valid; `user` stays so until the callback. The cells are copied before it returns.
#[no_mangle]
pub unsafe extern "C" fn c4a_cql_execute(
    session: *const CqlSession,
    statement: *const CqlStatement,
    cells: *const u8,
    length: usize,
    callback: Callback,
    user: *mut c_void,
) {
    let reply = Reply { callback, user };
    let session = &*session;
    let connection = session.session.clone();
    let prepared = (*statement).prepared.clone();
    let cells = bytes(cells, length).to_vec();
    session.runtime.spawn(async move {
        let reply = reply;
        reply.rows(connection.execute_unpaged(&prepared, RawRow(&cells)).await);
    });
}

/// # Safety
/// As `c4a_cql_execute`; `statements` holds `count` of them, one a row.
#[no_mangle]
pub unsafe extern "C" fn c4a_cql_batch(
    session: *const CqlSession,
    statements: *const *const CqlStatement,
    count: usize,
    cells: *const u8,
    length: usize,
    callback: Callback,
    user: *mut c_void,
) {
    let reply = Reply { callback, user };
    let session = &*session;
    let connection = session.session.clone();
    let statements = slice::from_raw_parts(statements, count);
    let columns: Vec<usize> = statements.iter().map(|statement| (**statement).columns).collect();
    let mut batch = Batch::new(BatchType::Unlogged);
    batch.set_consistency(Consistency::Quorum);
    batch.set_is_idempotent(true);
    for statement in statements {
        batch.append_statement((**statement).prepared.clone());
    }
    let cells = bytes(cells, length).to_vec();
    session.runtime.spawn(async move {
        let reply = reply;
        match split_rows(&cells, &columns) {
            Some(rows) => reply.rows(connection.batch(&batch, rows).await),
            None => reply.fail(&Failure::malformed()),
        }
    });
}
