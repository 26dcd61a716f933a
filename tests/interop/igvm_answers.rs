// SPDX-License-Identifier: Apache-2.0
// Reads file names, one a line, and prints what microsoft/igvm says of each:
// the error as its C API numbers it, "panic", or 1 and a hash over all types,
// headers and data of directives, which igvm_answers.c computes for libigvm.
use igvm::c_api::*;
use igvm::Error::*;
use std::io::BufRead;

fn code(error: igvm::Error) -> i32 {
    match error {
        NoPlatformHeaders => -5,
        FileDataSectionTooLarge => -6,
        VariableHeaderSectionTooLarge => -7,
        TotalFileSizeTooLarge => -8,
        InvalidBinaryPlatformHeader(_) => -9,
        InvalidBinaryInitializationHeader(_) => -10,
        InvalidBinaryDirectiveHeader(_) => -11,
        MultiplePlatformHeadersWithSameIsolation => -12,
        InvalidParameterAreaIndex => -13,
        InvalidPlatformType => -14,
        NoFreeCompatibilityMasks => -15,
        InvalidFixedHeader => -16,
        InvalidBinaryVariableHeaderSection => -17,
        InvalidChecksum { .. } => -18,
        MultiplePageTableRelocationHeaders => -19,
        RelocationRegionsOverlap => -20,
        ParameterInsertInsidePageTableRegion => -21,
        NoMatchingVpContext => -22,
        PlatformArchUnsupported { .. } => -23,
        InvalidHeaderArch { .. } => -24,
        UnsupportedPageSize(_) => -25,
        InvalidFixedHeaderArch(_) => -26,
        MergeRevision => -27,
        #[allow(unreachable_patterns)]
        _ => -28,
    }
}

fn add(hash: &mut u64, bytes: &[u8]) {
    for b in bytes {
        *hash = (*hash ^ u64::from(*b)).wrapping_mul(0x100000001b3);
    }
}

fn hash_of(data: &[u8]) -> u64 {
    let mut hash = 0xcbf29ce484222325;
    unsafe {
        let file = igvm_new_from_binary(data.as_ptr(), data.len() as u32);
        for section in 0..3 {
            let section = IgvmHeaderSection(section);
            let count = igvm_header_count(file, section);
            add(&mut hash, &count.to_le_bytes());
            for i in 0..count as u32 {
                let kind = igvm_get_header_type(file, section, i);
                add(&mut hash, &kind.to_le_bytes());
                if kind == 0x30d {
                    continue;
                }
                for part in 0..2 {
                    let buffer = match part {
                        0 => igvm_get_header(file, section, i),
                        _ if section.0 == 2 => igvm_get_header_data(file, section, i),
                        _ => continue,
                    };
                    if buffer < 0 {
                        add(&mut hash, &buffer.to_le_bytes());
                        continue;
                    }
                    let n = igvm_get_buffer_size(file, buffer);
                    add(&mut hash, &n.to_le_bytes());
                    let p = igvm_get_buffer(file, buffer);
                    add(&mut hash, std::slice::from_raw_parts(p, n as usize));
                }
            }
        }
        igvm_free(file);
    }
    hash
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    for name in std::io::stdin().lock().lines() {
        let data = std::fs::read(name.unwrap()).unwrap();
        match std::panic::catch_unwind(|| igvm::IgvmFile::new_from_binary(&data, None)) {
            Ok(Ok(_)) => println!("1 {:016x}", hash_of(&data)),
            Ok(Err(error)) => println!("{}", code(error)),
            Err(_) => println!("panic"),
        }
    }
}
